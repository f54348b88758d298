#include "storage/log_file_system.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace tasker::storage {
namespace {

// By how much a file is made longer. Small beside a log, since a backup copies the zeros at its
// end; large beside a commit.
constexpr std::size_t kPieceBytes = 256u << 10;

class LogFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  // `zeros`: the same file, to write ahead.
  LogFile(std::unique_ptr<rocksdb::FSWritableFile> rows,
          std::unique_ptr<rocksdb::FSRandomRWFile> zeros)
      : FSWritableFileOwnerWrapper(std::move(rows)), zeros_(std::move(zeros)) {}

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
    FillAhead(data.size(), options, debug);
    return FSWritableFileOwnerWrapper::Append(data, options, debug);
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo& verification,
                           rocksdb::IODebugContext* debug) override {
    FillAhead(data.size(), options, debug);
    return FSWritableFileOwnerWrapper::Append(data, options, verification, debug);
  }

 private:
  // Behind the `size` bytes that come next, if they end behind what is filled. If it fails, as for
  // want of room, the rows themselves will tell.
  void FillAhead(std::size_t size, const rocksdb::IOOptions& options,
                 rocksdb::IODebugContext* debug) {
    written_ += size;
    if (written_ <= filled_) return;
    static const std::string piece(kPieceBytes, '\0');
    filled_ = (written_ / kPieceBytes + 1) * kPieceBytes;
    zeros_->Write(written_, {piece.data(), filled_ - written_}, options, debug)
        .PermitUncheckedError();
  }

  const std::unique_ptr<rocksdb::FSRandomRWFile> zeros_;
  std::uint64_t written_ = 0;
  std::uint64_t filled_ = 0;
};

}  // namespace

rocksdb::IOStatus LogFileSystem::NewWritableFile(const std::string& path,
                                                 const rocksdb::FileOptions& options,
                                                 std::unique_ptr<rocksdb::FSWritableFile>* file,
                                                 rocksdb::IODebugContext* debug) {
  if (!path.ends_with(".log")) return target()->NewWritableFile(path, options, file, debug);
  rocksdb::FileOptions filled = options;
  filled.allow_fallocate = false;
  rocksdb::IOStatus status = target()->NewWritableFile(path, filled, file, debug);
  if (!status.ok()) return status;
  std::unique_ptr<rocksdb::FSRandomRWFile> zeros;
  if (target()->NewRandomRWFile(path, filled, &zeros, debug).ok()) {
    *file = std::make_unique<LogFile>(std::move(*file), std::move(zeros));
  }
  return status;
}

}  // namespace tasker::storage
