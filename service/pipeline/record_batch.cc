#include "service/pipeline/record_batch.h"

#include "storage/keys.h"

namespace tasker::service {

void AddRecord(const engine::RecordWrite& write, storage::PartitionId partition,
               storage::Sequence sequence, std::uint32_t& history_rows, storage::Batch& batch) {
  using Kind = engine::RecordWrite::Kind;
  using storage::Table;
  const std::string_view task = write.task.bytes();
  switch (write.kind) {
    case Kind::kTask:
      batch.Put(Table::kTasks, storage::TaskKey(task), write.value);
      return;
    case Kind::kContext:
      batch.Put(Table::kContexts, storage::TaskKey(task), write.value);
      return;
    case Kind::kStep:
      batch.Put(Table::kSteps, storage::StepKey(task, Raw(write.step)), write.value);
      return;
    case Kind::kHistory:
      batch.Put(Table::kHistory, storage::HistoryKey(task, sequence, history_rows++), write.value);
      return;
    case Kind::kOpen:
      batch.Put(Table::kOpen, storage::TaskKey(task), "");
      if (write.at_us != 0) {
        batch.Delete(Table::kFinished, storage::FinishedKey(partition, write.at_us, task));
      }
      return;
    case Kind::kClosed:
      batch.Delete(Table::kOpen, storage::TaskKey(task));
      batch.Put(Table::kFinished, storage::FinishedKey(partition, write.at_us, task), write.value);
      return;
    case Kind::kCreated:
      batch.Put(Table::kCreated, storage::CreatedKey(partition, write.at_us, task), "");
      return;
    case Kind::kStepGone:
      batch.Delete(Table::kSteps, storage::StepKey(task, Raw(write.step)));
      return;
    case Kind::kPauses:
      batch.Put(Table::kPartitions, storage::PausesKey(partition), write.value);
      return;
  }
}

}  // namespace tasker::service
