// Tasks as clients see them, read from the store.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "engine/model/ids.h"
#include "engine/model/task_template.h"
#include "storage/store.h"
#include "tasker/storage/v1/records.pb.h"
#include "tasker/v1/task.pb.h"
#include "tasker/v1/task_service.pb.h"

namespace tasker::service {

// Reads what is durable, whether a task is open or finished. Safe for concurrent use.
class TaskReader {
 public:
  using FindTemplate = std::function<engine::TaskTemplatePtr(const engine::TemplateId&)>;

  // `store` must outlive it. `find_template` is called from any thread.
  TaskReader(storage::Store* store, storage::PartitionId partition, FindTemplate find_template)
      : store_(*store), partition_(partition), find_template_(std::move(find_template)) {}

  // A task with context and steps. Errors: NOT_FOUND; DATA_LOSS if its records cannot be read.
  absl::StatusOr<v1::Task> Read(const engine::TaskId& id) const;

  // A page of a task's history as GetTaskHistory describes it. Errors: as the contract says.
  absl::StatusOr<v1::GetTaskHistoryResponse> History(
      const engine::TaskId& id, const v1::GetTaskHistoryRequest& request) const;

  // A task as lists show it, as `snapshot` of the store has it; nullopt if there is none, or
  // `wanted` does not say so of its record. Error: DATA_LOSS.
  absl::StatusOr<std::optional<v1::Task>> ReadListed(
      storage::Snapshot& snapshot, const engine::TaskId& id,
      const std::function<bool(const storage::v1::TaskRecord&)>& wanted) const;

  // A page of tasks as ListTasks describes it. Errors: as the contract says; DATA_LOSS.
  absl::StatusOr<v1::ListTasksResponse> List(const v1::ListTasksRequest& request) const;

 private:
  // Of the version that the task ran on after so many moves. Empty if it cannot be found, or is an
  // item of a `for_each` step.
  std::string StepNameOf(storage::Snapshot& snapshot, const engine::TaskId& task,
                         std::uint32_t step, std::uint32_t moves) const;

  storage::Store& store_;
  const storage::PartitionId partition_;
  const FindTemplate find_template_;
};

}  // namespace tasker::service
