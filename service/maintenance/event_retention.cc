// Retention's way over the event log. A commit's events stand in one row: the row goes when all of
// them are over their limits; until then those that are leave an empty place, so that the cursors
// of the others stay what they were.
#include <memory>
#include <optional>

#include "service/maintenance/event_removal.h"
#include "service/maintenance/retention.h"
#include "storage/keys.h"

namespace tasker::service {
namespace {

using storage::Table;

constexpr std::size_t kRowsPerCommit = 500;
// Changes to the log stand on nothing that the engine may change meanwhile.
constexpr storage::Sequence kAnyTime{~std::uint64_t{0}};

TemplateName NameOf(const storage::v1::EventRecord& event) {
  return {event.namespace_(), event.task_name()};
}

}  // namespace

absl::Status Retention::VisitEvents(storage::Snapshot& snapshot, const EventVisitor& visit) {
  const std::string begin = storage::PartitionKey(partition_);
  const auto rows = snapshot.Scan(Table::kEvents, begin, storage::KeyAfter(begin));
  for (; rows->Valid(); rows->Next()) {
    const std::optional<storage::Sequence> sequence = storage::EventSequenceIn(rows->key());
    storage::v1::EventBatchRecord events;
    if (!sequence || !events.ParseFromString(std::string(rows->value()))) {
      return absl::DataLossError("a row of the table `events` cannot be read");
    }
    const absl::StatusOr<bool> go_on = visit(*sequence, events);
    if (!go_on.ok()) return go_on.status();
    if (!*go_on) break;
  }
  return rows->status();
}

absl::Status Retention::SweepEvents(Pass& pass) {
  Expiry expiry(&settings_, &config::RetentionPolicy::events, pass.now);
  if (!expiry.HasLimits()) return absl::OkStatus();
  const std::unique_ptr<storage::Snapshot> snapshot = store_.TakeSnapshot();
  const bool counted = expiry.HasCounts();
  if (counted) {
    absl::Status read =
        VisitEvents(*snapshot, [&](storage::Sequence, const storage::v1::EventBatchRecord& events) {
          for (const auto& event : events.events()) {
            if (!event.name().empty()) expiry.Count(NameOf(event));
          }
          return true;
        });
    if (!read.ok()) return read;
  }
  EventRemoval removal(partition_, log_.floors());
  const auto commit = [&]() -> absl::Status {
    storage::Batch batch;
    storage::v1::EventFloorsRecord floors = removal.Take(batch);
    const bool changed = !batch.empty();
    if (absl::Status committed = Commit(pass, batch, kAnyTime); !committed.ok()) return committed;
    if (changed && !pass.dry_run) log_.SetFloors(std::move(floors));
    return absl::OkStatus();
  };
  const engine::Timestamp horizon = expiry.Horizon();
  absl::Status swept =
      VisitEvents(*snapshot,
                  [&](storage::Sequence sequence,
                      storage::v1::EventBatchRecord& events) -> absl::StatusOr<bool> {
                    bool all_young = true;
                    for (auto& event : *events.mutable_events()) {
                      if (event.name().empty()) continue;
                      const engine::Timestamp at = engine::FromMicros(event.at_us());
                      all_young = all_young && at > horizon;
                      const TemplateName name = NameOf(event);
                      if (!expiry.IsOver(name, at)) continue;
                      v1::RetentionCount& count = pass.counts[name];
                      count.set_events(count.events() + 1);
                      removal.RaiseFloor(name, sequence, event.at_us());
                      event.Clear();
                    }
                    removal.Add(sequence, events);
                    if (removal.size() >= kRowsPerCommit) {
                      if (absl::Status committed = commit(); !committed.ok()) return committed;
                    }
                    return counted || !all_young;
                  });
  return swept.ok() ? commit() : swept;
}

}  // namespace tasker::service
