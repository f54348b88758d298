// The events of one task, found by its history.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/status.h"

#include "engine/model/ids.h"
#include "storage/store.h"
#include "tasker/storage/v1/records.pb.h"
#include "tasker/v1/task_service.pb.h"

namespace tasker::service {

// Goes through the task's history from its beginning, and tells of each change which events the
// same command brought about: those that stand in the same commit and have the same time. An
// imported history is of another log, and finds none there. Not thread-safe.
class HistoryEvents {
 public:
  // `snapshot` must outlive it.
  HistoryEvents(const engine::TaskId& task, storage::PartitionId partition,
                storage::Snapshot* snapshot)
      : task_(task), partition_(partition), snapshot_(*snapshot) {}

  // Adds to `entry` the events of the next change, made in that commit at that time. Error:
  // DATA_LOSS: the log's row cannot be read.
  absl::Status AddTo(storage::Sequence sequence, std::int64_t at_us, v1::HistoryEntry& entry);

 private:
  absl::Status GoTo(storage::Sequence sequence);

  const engine::TaskId task_;
  const storage::PartitionId partition_;
  storage::Snapshot& snapshot_;
  // The commit at hand, and its first event that was not looked at.
  std::optional<storage::Sequence> sequence_;
  storage::v1::EventBatchRecord batch_;
  int next_ = 0;
};

}  // namespace tasker::service
