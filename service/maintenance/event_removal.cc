#include "service/maintenance/event_removal.h"

#include <algorithm>
#include <utility>

#include "storage/keys.h"

namespace tasker::service {

using storage::Table;

void EventRemoval::RaiseFloor(const TemplateName& name, storage::Sequence sequence,
                              std::int64_t at_us) {
  storage::v1::EventFloorRecord& floor = floors_[name];
  floor.set_sequence(std::max(floor.sequence(), Raw(sequence)));
  floor.set_at_us(std::max(floor.at_us(), at_us));
  raised_ = true;
}

void EventRemoval::Add(storage::Sequence sequence, const storage::v1::EventBatchRecord& events) {
  bool any_left = false;
  for (const auto& event : events.events()) any_left = any_left || !event.name().empty();
  const std::string key = storage::EventKey(partition_, sequence);
  if (!any_left) {
    // The log's beginning goes as one range; what is gone behind it, row by row.
    if (at_beginning_) {
      beginning_ends_ = storage::EventKey(partition_, storage::Next(sequence));
    } else {
      batch_.Delete(Table::kEvents, key);
    }
    ++rows_;
  } else {
    at_beginning_ = false;
    if (std::exchange(raised_, false)) {
      batch_.Put(Table::kEvents, key, events.SerializeAsString());
      ++rows_;
    }
  }
  raised_ = false;
}

storage::v1::EventFloorsRecord EventRemoval::Take(storage::Batch& batch) {
  storage::v1::EventFloorsRecord record;
  for (const auto& [name, raised] : floors_) {
    storage::v1::EventFloorRecord& floor = *record.add_floors() = raised;
    floor.set_namespace_(name.first);
    floor.set_template_name(name.second);
  }
  if (rows_ > 0) {
    if (!beginning_ends_.empty()) {
      batch.DeleteRange(Table::kEvents, storage::PartitionKey(partition_), beginning_ends_);
    }
    batch.Append(batch_);
    batch.Put(Table::kPartitions, storage::EventFloorsKey(partition_), record.SerializeAsString());
  }
  batch_.Clear();
  beginning_ends_.clear();
  rows_ = 0;
  return record;
}

}  // namespace tasker::service
