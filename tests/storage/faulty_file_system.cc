#include "tests/storage/faulty_file_system.h"

#include <filesystem>
#include <system_error>
#include <utility>

namespace tasker::storage {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

class FaultyFileSystem::File final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  File(std::unique_ptr<rocksdb::FSWritableFile> file, std::string name, FaultyFileSystem* system)
      : FSWritableFileOwnerWrapper(std::move(file)), name_(std::move(name)), system_(*system) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    std::size_t size = data.size();
    const IOStatus fate = system_.BeforeWrite(data.size(), &size);
    if (size > 0) {
      const IOStatus status = target()->Append(Slice(data.data(), size), options, debug);
      if (!status.ok()) return status;
      system_.Written(name_, size);
    }
    return fate;
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    if (IOStatus fate = system_.BeforeSync(); !fate.ok()) return fate;
    const IOStatus status = target()->Sync(options, debug);
    if (status.ok()) system_.Synced(name_);
    return status;
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return Sync(options, debug);
  }
  // So that what is written stands in the file at once, and a cut can be told from it.
  bool use_direct_io() const override { return false; }

 private:
  const std::string name_;
  FaultyFileSystem& system_;
};

class FaultyFileSystem::ReadFile final : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  ReadFile(std::unique_ptr<rocksdb::FSRandomAccessFile> file, FaultyFileSystem* system)
      : FSRandomAccessFileOwnerWrapper(std::move(file)), system_(*system) {}

  IOStatus Read(std::uint64_t offset, std::size_t size, const IOOptions& options, Slice* result,
                char* scratch, IODebugContext* debug) const override {
    if (IOStatus fate = system_.BeforeRead(); !fate.ok()) return fate;
    return FSRandomAccessFileOwnerWrapper::Read(offset, size, options, result, scratch, debug);
  }

 private:
  FaultyFileSystem& system_;
};

class FaultyFileSystem::Directory final : public rocksdb::FSDirectoryWrapper {
 public:
  Directory(std::unique_ptr<rocksdb::FSDirectory> directory, FaultyFileSystem* system)
      : FSDirectoryWrapper(directory.get()), directory_(std::move(directory)), system_(*system) {}

  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return Noted(directory_->Fsync(options, debug));
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions& which) override {
    return Noted(directory_->FsyncWithDirOptions(options, debug, which));
  }

 private:
  IOStatus Noted(IOStatus synced) {
    if (synced.ok()) system_.DirectorySynced();
    return synced;
  }

  const std::unique_ptr<rocksdb::FSDirectory> directory_;
  FaultyFileSystem& system_;
};

FaultyFileSystem::FaultyFileSystem(std::uint64_t seed)
    : FileSystemWrapper(rocksdb::FileSystem::Default()), random_(seed) {}

void FaultyFileSystem::Set(Faults faults) {
  absl::MutexLock lock(&mutex_);
  faults_ = faults;
}

std::uint64_t FaultyFileSystem::spoilt() const {
  absl::MutexLock lock(&mutex_);
  return spoilt_;
}

void FaultyFileSystem::CutPower() {
  absl::MutexLock lock(&mutex_);
  for (const auto& [name, extent] : extents_) {
    std::error_code error;
    if (!std::filesystem::exists(name, error) || extent.written == extent.synced) continue;
    const std::uint64_t lost = random_() % (extent.written - extent.synced + 1);
    std::filesystem::resize_file(name, extent.written - lost, error);
  }
  extents_.clear();
  for (const std::string& name : new_files_) {
    std::error_code error;
    if (random_() % 2 == 0) std::filesystem::remove(name, error);
  }
  new_files_.clear();
}

IOStatus FaultyFileSystem::NewWritableFile(const std::string& name,
                                           const rocksdb::FileOptions& options,
                                           std::unique_ptr<rocksdb::FSWritableFile>* result,
                                           IODebugContext* debug) {
  {
    absl::MutexLock lock(&mutex_);
    if (faults_.full) {
      ++spoilt_;
      return IOStatus::NoSpace("injected", name);
    }
    extents_[name] = {};
    new_files_.insert(name);
  }
  std::unique_ptr<rocksdb::FSWritableFile> file;
  IOStatus status = target()->NewWritableFile(name, options, &file, debug);
  if (status.ok()) *result = std::make_unique<File>(std::move(file), name, this);
  return status;
}

IOStatus FaultyFileSystem::NewRandomAccessFile(const std::string& name,
                                               const rocksdb::FileOptions& options,
                                               std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                                               IODebugContext* debug) {
  std::unique_ptr<rocksdb::FSRandomAccessFile> file;
  IOStatus status = target()->NewRandomAccessFile(name, options, &file, debug);
  if (status.ok()) *result = std::make_unique<ReadFile>(std::move(file), this);
  return status;
}

IOStatus FaultyFileSystem::NewDirectory(const std::string& name, const IOOptions& options,
                                        std::unique_ptr<rocksdb::FSDirectory>* result,
                                        IODebugContext* debug) {
  std::unique_ptr<rocksdb::FSDirectory> directory;
  IOStatus status = target()->NewDirectory(name, options, &directory, debug);
  if (status.ok()) *result = std::make_unique<Directory>(std::move(directory), this);
  return status;
}

IOStatus FaultyFileSystem::RenameFile(const std::string& from, const std::string& to,
                                      const IOOptions& options, IODebugContext* debug) {
  const IOStatus status = target()->RenameFile(from, to, options, debug);
  absl::MutexLock lock(&mutex_);
  if (!status.ok()) return status;
  new_files_.erase(from);
  if (const auto moved = extents_.extract(from); !moved.empty()) extents_[to] = moved.mapped();
  return status;
}

IOStatus FaultyFileSystem::DeleteFile(const std::string& name, const IOOptions& options,
                                      IODebugContext* debug) {
  absl::MutexLock lock(&mutex_);
  extents_.erase(name);
  new_files_.erase(name);
  return target()->DeleteFile(name, options, debug);
}

IOStatus FaultyFileSystem::BeforeWrite(std::size_t size, std::size_t* written) {
  absl::MutexLock lock(&mutex_);
  if (faults_.full) {
    ++spoilt_;
    *written = size == 0 ? 0 : random_() % size;
    return IOStatus::NoSpace("injected");
  }
  if (Strikes(faults_.failed_write)) {
    *written = 0;
    return IOStatus::IOError("injected: failed write");
  }
  if (Strikes(faults_.short_write)) {
    *written = size == 0 ? 0 : random_() % size;
    return IOStatus::IOError("injected: short write");
  }
  return IOStatus::OK();
}

void FaultyFileSystem::Written(const std::string& name, std::size_t size) {
  absl::MutexLock lock(&mutex_);
  extents_[name].written += size;
}

IOStatus FaultyFileSystem::BeforeSync() {
  absl::MutexLock lock(&mutex_);
  return Strikes(faults_.failed_sync) ? IOStatus::IOError("injected: failed sync") : IOStatus::OK();
}

IOStatus FaultyFileSystem::BeforeRead() {
  absl::MutexLock lock(&mutex_);
  return Strikes(faults_.failed_read) ? IOStatus::IOError("injected: failed read") : IOStatus::OK();
}

void FaultyFileSystem::Synced(const std::string& name) {
  absl::MutexLock lock(&mutex_);
  Extent& extent = extents_[name];
  extent.synced = extent.written;
}

void FaultyFileSystem::DirectorySynced() {
  absl::MutexLock lock(&mutex_);
  new_files_.clear();
}

bool FaultyFileSystem::Strikes(double chance) {
  if (chance <= 0 || std::uniform_real_distribution<double>(0, 1)(random_) >= chance) return false;
  ++spoilt_;
  return true;
}

}  // namespace tasker::storage
