// What has been acknowledged, kept apart from the log that holds it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "storage/store.h"

namespace tasker::storage {

// The newest acknowledged commit of each partition, in a file of its own beside the store's. A log
// that a crash has torn ends behind it; one that ends before it has lost what was acknowledged: a
// damaged block in its middle, a file that is gone, a disk that had confirmed what it never wrote.
// The log alone looks the same in both cases.
//
// Written without a sync, so raising a mark costs about a microsecond: it outlives the process, and
// after a power cut may be some seconds old, which makes it see less, and never see wrong. Safe for
// concurrent use.
class HighWaterMarks {
 public:
  // Opens the marks of the store in `folder`, or makes new ones. Error: UNAVAILABLE.
  static absl::StatusOr<std::unique_ptr<HighWaterMarks>> Open(const std::string& folder);

  ~HighWaterMarks();
  HighWaterMarks(const HighWaterMarks&) = delete;
  HighWaterMarks& operator=(const HighWaterMarks&) = delete;

  // To be called before a commit is acknowledged. What cannot be written is left out.
  void Raise(PartitionId partition, Sequence acknowledged);

  // Compares all marks with the newest commits that the store has, which `stored` tells. Errors:
  // DATA_LOSS if one is before what was acknowledged; the message says which commits are gone, and
  // how to go on without them. Else what `stored` answers.
  absl::Status Check(const std::function<absl::StatusOr<Sequence>(PartitionId)>& stored) const;

 private:
  HighWaterMarks(int file, std::string path) : file_(file), path_(std::move(path)) {}

  const int file_;
  const std::string path_;
};

}  // namespace tasker::storage
