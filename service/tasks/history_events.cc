#include "service/tasks/history_events.h"

#include "service/events/event_view.h"
#include "storage/keys.h"

namespace tasker::service {

absl::Status AddEventsOf(const engine::TaskId& task, storage::PartitionId partition,
                         storage::Sequence sequence, storage::Snapshot& snapshot,
                         google::protobuf::RepeatedPtrField<v1::Event>& events) {
  const auto value = snapshot.Get(storage::Table::kEvents, storage::EventKey(partition, sequence));
  if (!value.ok()) return value.status();
  if (!value->has_value()) return absl::OkStatus();
  storage::v1::EventBatchRecord batch;
  if (!batch.ParseFromString(**value)) {
    return absl::DataLossError("a row of the event log cannot be read");
  }
  for (int i = 0; i < batch.events_size(); ++i) {
    const storage::v1::EventRecord& event = batch.events(i);
    // Without a name it is the place of one that retention has removed.
    if (event.name().empty() || event.task_id() != task.bytes()) continue;
    *events.Add() = ViewOf(event, {partition, sequence, static_cast<std::uint32_t>(i)});
  }
  return absl::OkStatus();
}

}  // namespace tasker::service
