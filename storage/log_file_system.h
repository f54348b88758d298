// How the files of RocksDB's log are laid out on the disk.
#pragma once

#include <memory>
#include <string>

#include <rocksdb/file_system.h>

namespace tasker::storage {

// Makes a log's file longer by pieces, ahead of what is written, and not with each commit: so a
// sync writes the rows and not the file's new length as well. What was not written reads as zeros,
// which RocksDB's recovery passes over. On ext4 a sync then takes three quarters of the time.
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
