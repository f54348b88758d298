// Bringing a store of an earlier format up to date.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"

#include "storage/rocksdb_database.h"

namespace tasker::storage {

// Writes the format of a new store; rewrites what an older one lacks, and tells `log` so in a line.
// Stopped at any instant, it is done anew the next time. Errors: FAILED_PRECONDITION: the store has
// a format that this program does not know; else what the database answers.
absl::Status BringUpToDate(RocksDbDatabase& database,
                           const std::function<void(const std::string&)>& log);

}  // namespace tasker::storage
