// Tasks as clients see them, read from the store.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "engine/model/ids.h"
#include "engine/model/task_template.h"
#include "storage/store.h"
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

  // A page of tasks as ListTasks describes it. Errors: as the contract says; DATA_LOSS.
  absl::StatusOr<v1::ListTasksResponse> List(const v1::ListTasksRequest& request) const;

 private:
  storage::Store& store_;
  const storage::PartitionId partition_;
  const FindTemplate find_template_;
};

}  // namespace tasker::service
