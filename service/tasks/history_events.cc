#include "service/tasks/history_events.h"

#include "service/events/event_view.h"
#include "storage/keys.h"

namespace tasker::service {

absl::Status HistoryEvents::GoTo(storage::Sequence sequence) {
  sequence_ = sequence;
  batch_.Clear();
  next_ = 0;
  const auto value =
      snapshot_.Get(storage::Table::kEvents, storage::EventKey(partition_, sequence));
  if (!value.ok()) return value.status();
  // Retention may have removed them.
  if (!value->has_value() || batch_.ParseFromString(**value)) return absl::OkStatus();
  return absl::DataLossError("a row of the event log cannot be read");
}

absl::Status HistoryEvents::AddTo(storage::Sequence sequence, std::int64_t at_us,
                                  v1::HistoryEntry& entry) {
  if (sequence_ != sequence) {
    if (absl::Status read = GoTo(sequence); !read.ok()) return read;
  }
  for (; next_ < batch_.events_size(); ++next_) {
    const storage::v1::EventRecord& event = batch_.events(next_);
    // Without a name it is the place of one that retention has removed.
    if (event.name().empty() || event.task_id() != task_.bytes()) continue;
    if (event.at_us() > at_us) break;
    if (event.at_us() < at_us) continue;
    *entry.add_events() = ViewOf(event, {partition_, sequence, static_cast<std::uint32_t>(next_)});
  }
  return absl::OkStatus();
}

}  // namespace tasker::service
