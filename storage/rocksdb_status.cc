#include "storage/rocksdb_status.h"

#include <string>

namespace tasker::storage {

absl::Status ToAbsl(const rocksdb::Status& status) {
  if (status.ok()) return absl::OkStatus();
  const std::string text = status.ToString();
  if (status.IsCorruption()) return absl::DataLossError(text);
  if (status.IsNoSpace()) return absl::ResourceExhaustedError(text);
  // RocksDB has no codes of its own for these two.
  if (status.IsInvalidArgument() && text.find("families not opened") != std::string::npos) {
    return absl::FailedPreconditionError("a newer version of this program wrote it: " + text);
  }
  if (status.IsIOError() && text.find("lock") != std::string::npos) {
    return absl::FailedPreconditionError("another process has it open: " + text);
  }
  return absl::UnavailableError(text);
}

}  // namespace tasker::storage
