#include "storage/rocksdb_status.h"

#include <string>

namespace tasker::storage {

absl::Status ToAbsl(const rocksdb::Status& status) {
  if (status.ok()) return absl::OkStatus();
  const std::string text = status.ToString();
  if (status.IsCorruption()) return absl::DataLossError(text);
  if (status.IsNoSpace()) return absl::ResourceExhaustedError(text);
  // RocksDB has no code of its own for this.
  if (status.IsIOError() && text.find("lock") != std::string::npos) {
    return absl::FailedPreconditionError("another process has it open: " + text);
  }
  return absl::UnavailableError(text);
}

}  // namespace tasker::storage
