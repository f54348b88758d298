// Every row that the store holds of one finished task.
#pragma once

#include "absl/status/status.h"

#include "engine/model/ids.h"
#include "storage/batch.h"
#include "storage/store.h"
#include "tasker/storage/v1/records.pb.h"

namespace tasker::service {

// Adds to `batch` the deletes of a finished task's history. Errors: what the store answers.
absl::Status RemoveHistory(storage::Snapshot& snapshot, const engine::TaskId& id,
                           storage::Batch& batch);

// Adds to `batch` the deletes of everything of a finished task, events apart. `record` is its own.
// Errors: as above.
absl::Status RemoveTask(storage::Snapshot& snapshot, storage::PartitionId partition,
                        const engine::TaskId& id, const storage::v1::TaskRecord& record,
                        storage::Batch& batch);

}  // namespace tasker::service
