// A file system that fails as disks do, below the store.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include <rocksdb/file_system.h>

namespace tasker::storage {

// Passes everything on to the machine's own file system, but for what it is told to spoil, and
// remembers how much of each file was synced. Safe for concurrent use.
class FaultyFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  // Chances from 0 to 1, drawn for each call.
  struct Faults {
    // Nothing is written.
    double failed_write = 0;
    // A part is written, then the call fails.
    double short_write = 0;
    // Everything was written, but none of it is known to be on the disk.
    double failed_sync = 0;
    // Tables and blobs cannot be read.
    double failed_read = 0;
    // The disk is full: no write, no new file.
    bool full = false;
  };

  explicit FaultyFileSystem(std::uint64_t seed);

  void Set(Faults faults);
  // How many calls were spoilt so far.
  std::uint64_t spoilt() const;

  // What a power cut leaves: of each file written so far what was synced, and by chance some of
  // what was not; of the files made since their folder was last synced, by chance some. No file may
  // be open.
  void CutPower();

  const char* Name() const override { return "FaultyFileSystem"; }
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewRandomAccessFile(const std::string& name,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                                        rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewDirectory(const std::string& name, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* result,
                                 rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;

 private:
  class File;
  class ReadFile;
  class Directory;
  struct Extent {
    std::uint64_t written = 0;
    std::uint64_t synced = 0;
  };

  // What becomes of a write of `size` bytes: how many are written, and the call's answer.
  rocksdb::IOStatus BeforeWrite(std::size_t size, std::size_t* written);
  void Written(const std::string& name, std::size_t size);
  rocksdb::IOStatus BeforeSync();
  rocksdb::IOStatus BeforeRead();
  void Synced(const std::string& name);
  void DirectorySynced();
  bool Strikes(double chance) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  std::mt19937_64 random_ ABSL_GUARDED_BY(mutex_);
  Faults faults_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t spoilt_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, Extent> extents_ ABSL_GUARDED_BY(mutex_);
  // Files made since the folder was last synced. One that was renamed is not among them: what it
  // replaced would have to be put back.
  std::set<std::string> new_files_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tasker::storage
