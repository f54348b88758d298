// How the files of RocksDB's log are laid out on the disk.
#pragma once

#include <memory>
#include <string>

#include <rocksdb/file_system.h>

namespace tasker::storage {

// Fills a log's file with zeros a piece ahead of what is written: so most commits overwrite what
// the file already holds, and their sync writes the rows and nothing of where the file lies or how
// long it is. RocksDB's recovery passes over the zeros behind the last row. On ext4 such a sync
// takes two thirds of the time.
class LogFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  using rocksdb::FileSystemWrapper::FileSystemWrapper;

  static const char* kClassName() { return "TaskerLogFileSystem"; }
  const char* Name() const override { return kClassName(); }

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;
};

}  // namespace tasker::storage
