#include "service/maintenance/task_rows.h"

#include <memory>
#include <string>

#include "storage/keys.h"

namespace tasker::service {
namespace {

using storage::Table;

// Keys one by one: each range that is deleted whole would be a mark for reads to heed, and the ids
// of tasks that finished together do not lie together.
absl::Status RemoveRowsUnder(storage::Snapshot& snapshot, Table table, const std::string& prefix,
                             storage::Batch& batch) {
  const auto rows = snapshot.Scan(table, prefix, storage::KeyAfter(prefix));
  for (; rows->Valid(); rows->Next()) batch.Delete(table, rows->key());
  return rows->status();
}

}  // namespace

absl::Status RemoveHistory(storage::Snapshot& snapshot, const engine::TaskId& id,
                           storage::Batch& batch) {
  return RemoveRowsUnder(snapshot, Table::kHistory, storage::TaskKey(id.bytes()), batch);
}

absl::Status RemoveTask(storage::Snapshot& snapshot, storage::PartitionId partition,
                        const engine::TaskId& id, const storage::v1::TaskRecord& record,
                        storage::Batch& batch) {
  const std::string key = storage::TaskKey(id.bytes());
  for (const Table table : {Table::kSteps, Table::kHistory}) {
    if (absl::Status removed = RemoveRowsUnder(snapshot, table, key, batch); !removed.ok()) {
      return removed;
    }
  }
  batch.Delete(Table::kContexts, key);
  batch.Delete(Table::kCreated, storage::CreatedKey(partition, record.created_at_us(), id.bytes()));
  batch.Delete(Table::kFinished,
               storage::FinishedKey(partition, record.completed_at_us(), id.bytes()));
  batch.Delete(Table::kTasks, key);
  return absl::OkStatus();
}

}  // namespace tasker::service
