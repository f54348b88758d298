#include "service/pipeline/recovery.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "config/context_defaults.h"
#include "storage/keys.h"

namespace tasker::service {
namespace {

using storage::Table;

absl::Status CannotRead(const engine::TaskId& task, const char* what) {
  return absl::DataLossError(absl::StrCat("task ", task.ToString(), ": ", what));
}

absl::StatusOr<engine::StoredTask> ReadTask(
    storage::Snapshot& snapshot, const engine::TaskId& id,
    const std::function<engine::TaskTemplatePtr(const engine::TemplateId&)>& find_template) {
  engine::StoredTask stored;
  stored.id = id;
  absl::StatusOr<std::optional<std::string>> record =
      snapshot.Get(Table::kTasks, storage::TaskKey(id.bytes()));
  if (!record.ok()) return record.status();
  if (!record->has_value() || !stored.record.ParseFromString(**record)) {
    return CannotRead(id, "its record is missing or cannot be read");
  }
  stored.task_template = find_template({stored.record.namespace_(), stored.record.name(),
                                        stored.record.version(), stored.record.initialized()});
  if (stored.task_template == nullptr) {
    return CannotRead(id, "its template is not in the store, or can no longer be loaded");
  }
  absl::StatusOr<std::optional<std::string>> context =
      snapshot.Get(Table::kContexts, storage::TaskKey(id.bytes()));
  if (!context.ok()) return context.status();
  if (!context->has_value()) return CannotRead(id, "its context is missing");
  stored.context =
      engine::MakePayload(config::WithDefaults(**context, stored.task_template->default_context));
  auto steps = ReadSteps(snapshot, id);
  if (!steps.ok()) return steps.status();
  stored.steps = *std::move(steps);
  return stored;
}

}  // namespace

absl::Status ReadOpenTasks(
    storage::Store& store, std::uint16_t first_slot, std::uint16_t last_slot,
    const std::function<engine::TaskTemplatePtr(const engine::TemplateId&)>& find_template,
    const std::function<absl::Status(engine::StoredTask)>& restore,
    const std::function<void(const engine::TaskId&, const absl::Status&)>& unreadable) {
  const std::unique_ptr<storage::Snapshot> snapshot = store.TakeSnapshot();
  const auto open = snapshot->Scan(Table::kOpen, storage::TaskRangeBegin(first_slot),
                                   storage::TaskRangeBegin(last_slot));
  for (; open->Valid(); open->Next()) {
    const std::optional<std::string_view> bytes = storage::TaskIdIn(open->key());
    const std::optional<engine::TaskId> id =
        bytes ? engine::TaskId::FromBytes(*bytes) : std::nullopt;
    if (!id) return absl::DataLossError("a key in the table `open` cannot be read");
    absl::StatusOr<engine::StoredTask> stored = ReadTask(*snapshot, *id, find_template);
    const absl::Status restored = stored.ok() ? restore(*std::move(stored)) : stored.status();
    if (absl::IsDataLoss(restored)) {
      unreadable(*id, restored);
    } else if (!restored.ok()) {
      return restored;
    }
  }
  return open->status();
}

absl::StatusOr<engine::StoredTask> ReadStoredTask(
    storage::Store& store, const engine::TaskId& id,
    const std::function<engine::TaskTemplatePtr(const engine::TemplateId&)>& find_template) {
  const std::unique_ptr<storage::Snapshot> snapshot = store.TakeSnapshot();
  const auto record = snapshot->Get(Table::kTasks, storage::TaskKey(id.bytes()));
  if (!record.ok()) return record.status();
  if (!record->has_value()) return absl::NotFoundError(absl::StrCat("no task ", id.ToString()));
  return ReadTask(*snapshot, id, find_template);
}

absl::StatusOr<std::string> ReadGivenContext(storage::Store& store, const engine::TaskId& id) {
  auto context = store.TakeSnapshot()->Get(Table::kContexts, storage::TaskKey(id.bytes()));
  if (!context.ok()) return context.status();
  if (!context->has_value()) {
    return absl::NotFoundError(absl::StrCat("no context of task ", id.ToString()));
  }
  return **std::move(context);
}

absl::StatusOr<storage::v1::PausesRecord> ReadPauses(storage::Store& store,
                                                     storage::PartitionId partition) {
  const auto value = store.Get(Table::kPartitions, storage::PausesKey(partition));
  if (!value.ok()) return value.status();
  storage::v1::PausesRecord pauses;
  if (value->has_value() && !pauses.ParseFromString(**value)) {
    return absl::DataLossError("the record of what is paused cannot be read");
  }
  return pauses;
}

absl::StatusOr<storage::v1::EventFloorsRecord> ReadEventFloors(storage::Store& store,
                                                               storage::PartitionId partition) {
  const auto value = store.Get(Table::kPartitions, storage::EventFloorsKey(partition));
  if (!value.ok()) return value.status();
  storage::v1::EventFloorsRecord floors;
  if (value->has_value() && !floors.ParseFromString(**value)) {
    return absl::DataLossError("the record of removed events cannot be read");
  }
  return floors;
}

absl::StatusOr<std::vector<std::pair<engine::StepIndex, storage::v1::StepRecord>>> ReadSteps(
    storage::Snapshot& snapshot, const engine::TaskId& task) {
  std::vector<std::pair<engine::StepIndex, storage::v1::StepRecord>> steps;
  const auto rows = snapshot.Scan(Table::kSteps, storage::StepKey(task.bytes(), 0),
                                  storage::KeyAfter(storage::TaskKey(task.bytes())));
  for (; rows->Valid(); rows->Next()) {
    const std::optional<std::uint32_t> step = storage::StepIn(rows->key());
    storage::v1::StepRecord record;
    const std::string_view value = rows->value();
    if (!step || !record.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
      return CannotRead(task, "the record of a step cannot be read");
    }
    steps.emplace_back(engine::StepIndex{*step}, std::move(record));
  }
  if (absl::Status status = rows->status(); !status.ok()) return status;
  return steps;
}

}  // namespace tasker::service
