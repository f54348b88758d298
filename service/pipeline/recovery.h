// Reading back what was open when the service last stopped.
#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/status.h"

#include "engine/model/task_template.h"
#include "engine/tasks/record_codec.h"
#include "storage/store.h"

namespace tasker::service {

// Calls `restore` with each open task in slots [first, last), and reads nothing else.
// `find_template` as in PartitionRunner::Options. Errors: what the store or `restore` answers;
// DATA_LOSS if a record cannot be read or a task's template is gone.
absl::Status ReadOpenTasks(
    storage::Store& store, std::uint16_t first_slot, std::uint16_t last_slot,
    const std::function<engine::TaskTemplatePtr(const engine::TemplateId&)>& find_template,
    const std::function<absl::Status(engine::StoredTask)>& restore);

// Reads one task, open or finished. Errors: NOT_FOUND: there is none; else as above.
absl::StatusOr<engine::StoredTask> ReadStoredTask(
    storage::Store& store, const engine::TaskId& id,
    const std::function<engine::TaskTemplatePtr(const engine::TemplateId&)>& find_template);

// Reads what of a partition is paused; nothing if nothing ever was. Errors: as above.
absl::StatusOr<storage::v1::PausesRecord> ReadPauses(storage::Store& store,
                                                     storage::PartitionId partition);

// Reads the records of the steps of one task. Errors: as above.
absl::StatusOr<std::vector<std::pair<engine::StepIndex, storage::v1::StepRecord>>> ReadSteps(
    storage::Snapshot& snapshot, const engine::TaskId& task);

}  // namespace tasker::service
