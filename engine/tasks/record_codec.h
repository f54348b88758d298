// Between tasks in memory and the records that are stored.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "engine/model/ids.h"
#include "engine/model/payload.h"
#include "engine/model/task_template.h"
#include "engine/tasks/task_run.h"
#include "tasker/storage/v1/records.pb.h"

namespace tasker::engine {

// Microseconds since the Unix epoch; kNever is 0.
inline std::int64_t ToMicros(Timestamp time) { return time.time_since_epoch().count(); }
inline Timestamp FromMicros(std::int64_t micros) { return Timestamp(Duration(micros)); }

// Most items that a `for_each` step may have.
inline constexpr std::uint32_t kItemsMax = 100'000;

// The priority that a stored task has; normal if it was stored before there were any.
Priority PriorityOf(const storage::v1::TaskRecord& record);

// The serialised TaskRecord and StepRecord of what is in memory.
std::string EncodeTask(const TaskRun& task);
// `scratch` is filled on the way; its memory serves the next call.
std::string EncodeStep(const StepRun& step, storage::v1::StepRecord& scratch);
// The serialised FinishedRecord of a task that has just finished.
std::string EncodeFinished(const TaskRun& task);

// An open task as read from the store.
struct StoredTask {
  TaskId id;
  storage::v1::TaskRecord record;
  // The template that the record names.
  TaskTemplatePtr task_template;
  Payload context;
  // Those steps that have a record.
  std::vector<std::pair<StepIndex, storage::v1::StepRecord>> steps;
};

// The task in memory, its holders, queue places, leases and items' elements not yet set: see
// Partition::Restore.
// Error: DATA_LOSS if the record and the template do not fit each other.
absl::StatusOr<std::unique_ptr<TaskRun>> DecodeTask(StoredTask stored);

// Works out again how many parents of each step are not done, and how many are and were wanted.
void CountParents(TaskRun& task);

// How many steps of a stored task are in which state, the items of `for_each` steps apart. Steps
// without a record are pending.
StepCounts CountSteps(std::uint32_t total,
                      const std::vector<std::pair<StepIndex, storage::v1::StepRecord>>& steps);

}  // namespace tasker::engine
