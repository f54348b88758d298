#include "storage/log_file_system.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace tasker::storage {
namespace {

// By how much a file is made longer. Small beside a log, since a backup copies the zeros at its
// end; large beside a commit.
constexpr std::size_t kPieceBytes = 256u << 10;

class LogFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  using rocksdb::FSWritableFileOwnerWrapper::FSWritableFileOwnerWrapper;

  // RocksDB would take room for a whole memtable.
  void SetPreallocationBlockSize(std::size_t size) override {
    rocksdb::FSWritableFileOwnerWrapper::SetPreallocationBlockSize(std::min(size, kPieceBytes));
  }
};

}  // namespace

rocksdb::IOStatus LogFileSystem::NewWritableFile(const std::string& path,
                                                 const rocksdb::FileOptions& options,
                                                 std::unique_ptr<rocksdb::FSWritableFile>* file,
                                                 rocksdb::IODebugContext* debug) {
  if (!path.ends_with(".log")) return target()->NewWritableFile(path, options, file, debug);
  rocksdb::FileOptions ahead = options;
  ahead.fallocate_with_keep_size = false;
  rocksdb::IOStatus status = target()->NewWritableFile(path, ahead, file, debug);
  if (status.ok()) *file = std::make_unique<LogFile>(std::move(*file));
  return status;
}

}  // namespace tasker::storage
