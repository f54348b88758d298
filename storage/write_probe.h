// Whether a store's disk takes writes again.
#pragma once

#include "absl/status/status.h"

#include "storage/rocksdb_store.h"

namespace tasker::storage {

// Writes a file beside the store's own, syncs it and removes it; it is as large as what opening the
// store has to write. Errors: RESOURCE_EXHAUSTED: no room; UNAVAILABLE: else.
absl::Status ProbeWriting(const RocksDbOptions& options);

}  // namespace tasker::storage
