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
// `find_template` as in PartitionRunner::Options. A task that is damaged (DATA_LOSS, also of
// `restore`), or whose template is gone, is named to `unreadable` and left out. Errors: what else
// the store or `restore` answers.
absl::Status ReadOpenTasks(
    storage::Store& store, std::uint16_t first_slot, std::uint16_t last_slot,
    const std::function<engine::TaskTemplatePtr(const engine::TemplateId&)>& find_template,
    const std::function<absl::Status(engine::StoredTask)>& restore,
    const std::function<void(const engine::TaskId&, const absl::Status&)>& unreadable);

// Reads one task, open or finished. Errors: NOT_FOUND: there is none; DATA_LOSS: it, or its
// template, cannot be read; else what the store answers.
absl::StatusOr<engine::StoredTask> ReadStoredTask(
    storage::Store& store, const engine::TaskId& id,
    const std::function<engine::TaskTemplatePtr(const engine::TemplateId&)>& find_template);

// Reads the context of a task as it was given, without the defaults of its template. Errors:
// NOT_FOUND: there is none; else what the store answers.
absl::StatusOr<std::string> ReadGivenContext(storage::Store& store, const engine::TaskId& id);

// Reads what of a partition is paused; nothing if nothing ever was. Errors: as above.
absl::StatusOr<storage::v1::PausesRecord> ReadPauses(storage::Store& store,
                                                     storage::PartitionId partition);

// Reads up to where events of a partition were removed. Errors: as above.
absl::StatusOr<storage::v1::EventFloorsRecord> ReadEventFloors(storage::Store& store,
                                                               storage::PartitionId partition);

// Reads the records of the steps of one task. Errors: as above.
absl::StatusOr<std::vector<std::pair<engine::StepIndex, storage::v1::StepRecord>>> ReadSteps(
    storage::Snapshot& snapshot, const engine::TaskId& task);

}  // namespace tasker::service
