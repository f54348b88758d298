// The store on a disk: RocksDB.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "storage/store.h"

namespace rocksdb {
class FileSystem;
}

namespace tasker::storage {

// How a store is opened.
struct RocksDbOptions {
  // The folder of the store; made, with its parents, if missing. One process at a time may have it.
  std::string folder;

  // Memory for blocks read and rows not yet written out, in bytes, together. More makes reads of
  // finished tasks faster and flushes rarer; what is open is in the engine's memory anyhow.
  std::size_t memory_bytes = 64u << 20;

  // Values of at least this many bytes (contexts, results) are kept in files of their own, so that
  // compactions need not copy them again and again.
  std::size_t blob_bytes_min = 16u << 10;

  // How long Recover waits for snapshots that were taken before it. They keep the store as it is.
  absl::Duration readers_wait_max = absl::Seconds(5);

  // What the store's files are read and written through; null: the machine's own. For tests.
  std::shared_ptr<rocksdb::FileSystem> file_system;

  // Told in a line what is done to a store that an earlier version wrote. May be null.
  std::function<void(const std::string&)> log;

  // Told, a line at a time, what goes wrong below; on any thread. May be null.
  std::function<void(const std::string&)> log_warning;
};

// Opens the store, or makes a new one; brings one of an earlier format up to date. Every commit is
// synced to disk before it returns.
// Errors: FAILED_PRECONDITION: another process has the folder, or a newer version of this program
// wrote it; DATA_LOSS: it is damaged; RESOURCE_EXHAUSTED: the disk is full; UNAVAILABLE: it cannot
// be read or made. The message names the folder.
absl::StatusOr<std::unique_ptr<Store>> OpenRocksDbStore(const RocksDbOptions& options);

}  // namespace tasker::storage
