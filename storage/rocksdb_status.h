// RocksDB's errors in our terms.
#pragma once

#include "absl/status/status.h"
#include <rocksdb/status.h>

namespace tasker::storage {

// DATA_LOSS for what is damaged, RESOURCE_EXHAUSTED for a full disk, FAILED_PRECONDITION for a
// folder that another process has locked or a newer program wrote, UNAVAILABLE for everything else;
// the text is kept.
absl::Status ToAbsl(const rocksdb::Status& status);

}  // namespace tasker::storage
