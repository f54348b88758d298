// Collects what is to be removed from the event log.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "service/maintenance/retention_policies.h"
#include "storage/batch.h"
#include "storage/store.h"
#include "tasker/storage/v1/records.pb.h"

namespace tasker::service {

// Is shown the log's rows from its beginning on, those of one commit after the other.
class EventRemoval {
 public:
  // `floors`: as they stand.
  EventRemoval(storage::PartitionId partition, const storage::v1::EventFloorsRecord& floors)
      : partition_(partition) {
    for (const auto& floor : floors.floors()) {
      floors_[{floor.namespace_(), floor.template_name()}] = floor;
    }
  }

  // An event of that template, which happened at `at_us`, was cleared in the row that Add is called
  // with next.
  void RaiseFloor(const TemplateName& name, storage::Sequence sequence, std::int64_t at_us);
  // A row as it is to be: events that go are cleared.
  void Add(storage::Sequence sequence, const storage::v1::EventBatchRecord& events);

  // Rows to be changed or removed so far.
  std::size_t size() const { return rows_; }

  // Puts them into `batch`, with the floors that follow, which it returns; then begins anew with
  // the rows behind.
  storage::v1::EventFloorsRecord Take(storage::Batch& batch);

 private:
  const storage::PartitionId partition_;
  std::map<TemplateName, storage::v1::EventFloorRecord> floors_;
  storage::Batch batch_;
  // Every row so far is to go; up to this key, if not empty.
  bool at_beginning_ = true;
  std::string beginning_ends_;
  bool raised_ = false;
  std::size_t rows_ = 0;
};

}  // namespace tasker::service
