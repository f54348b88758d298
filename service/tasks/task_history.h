// A task's history as clients see it, read from the store.
#pragma once

#include "absl/status/statusor.h"

#include "engine/model/ids.h"
#include "service/tasks/task_reader.h"
#include "storage/store.h"
#include "tasker/v1/task_service.pb.h"

namespace tasker::service {

// A page of `task`'s history, as the contract describes GetTaskHistory. Errors: as there; DATA_LOSS
// if a record cannot be read. `find_template` gives the steps' names. Safe for concurrent use.
absl::StatusOr<v1::GetTaskHistoryResponse> ReadTaskHistory(
    storage::Store& store, storage::PartitionId partition,
    const TaskReader::FindTemplate& find_template, const engine::TaskId& task,
    const v1::GetTaskHistoryRequest& request);

}  // namespace tasker::service
