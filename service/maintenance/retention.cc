#include "service/maintenance/retention.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

#include "service/maintenance/await_answer.h"
#include "service/maintenance/task_rows.h"
#include "storage/keys.h"
#include "storage/partition_fence.h"

namespace tasker::service {
namespace {

using config::RetentionPolicy;
using storage::Table;

// What one commit removes at most, about.
constexpr std::size_t kRowsPerCommit = 500;

absl::Status Unreadable(const char* table) {
  return absl::DataLossError(absl::StrCat("a row of the table `", table, "` cannot be read"));
}

// The commit that a snapshot stands at.
absl::StatusOr<storage::Sequence> SequenceOf(storage::Snapshot& snapshot,
                                             storage::PartitionId partition) {
  const auto value = snapshot.Get(Table::kPartitions, storage::PartitionKey(partition));
  if (!value.ok()) return value.status();
  if (!value->has_value()) return storage::Sequence{};
  const auto state = storage::PartitionState::Decode(**value);
  if (!state) return Unreadable("partitions");
  return state->sequence;
}

}  // namespace

absl::StatusOr<v1::RunRetentionResponse> Retention::Run(engine::Timestamp now, bool dry_run,
                                                        const std::function<bool()>& cancelled) {
  Pass pass{now, dry_run, cancelled, {}, {}};
  // A finished task that was changed under our hands makes us look anew, at what is left.
  absl::Status swept;
  do {
    pass.counts = pass.committed;
    swept = SweepTasks(pass);
  } while (absl::IsAborted(swept));
  if (swept.ok()) swept = SweepEvents(pass);
  if (!swept.ok()) return swept;
  v1::RunRetentionResponse response;
  for (auto& [name, count] : pass.counts) {
    if (count.tasks() + count.histories() + count.events() == 0) continue;
    count.set_namespace_(name.first);
    count.set_template_name(name.second);
    *response.add_counts() = std::move(count);
  }
  return response;
}

bool Retention::HasLimits() const {
  for (const auto kind :
       {&RetentionPolicy::tasks, &RetentionPolicy::history, &RetentionPolicy::events}) {
    if (Expiry(&settings_, kind, {}).HasLimits()) return true;
  }
  return false;
}

absl::Status Retention::Commit(Pass& pass, storage::Batch& batch, storage::Sequence as_of) {
  if (pass.cancelled()) return absl::UnavailableError("the service stops");
  if (pass.dry_run) batch.Clear();
  if (!batch.empty()) {
    absl::Status committed = AwaitAnswer(
        [&](Completion done) { runner_.Change(std::exchange(batch, {}), as_of, std::move(done)); });
    if (!committed.ok()) return committed;
  }
  pass.committed = pass.counts;
  return absl::OkStatus();
}

absl::Status Retention::VisitFinished(storage::Snapshot& snapshot, const FinishedVisitor& visit) {
  const std::string begin = storage::PartitionKey(partition_);
  const auto rows = snapshot.Scan(Table::kFinished, begin, storage::KeyAfter(begin));
  for (; rows->Valid(); rows->Next()) {
    const auto place = storage::FinishedPlaceIn(rows->key());
    const auto id = place ? engine::TaskId::FromBytes(place->task_id) : std::nullopt;
    storage::v1::FinishedRecord record;
    if (!id || !record.ParseFromString(std::string(rows->value()))) return Unreadable("finished");
    const absl::StatusOr<bool> go_on =
        visit({*id, engine::FromMicros(place->completed_at_us), std::move(record)});
    if (!go_on.ok()) return go_on.status();
    if (!*go_on) break;
  }
  return rows->status();
}

absl::Status Retention::SweepTasks(Pass& pass) {
  Expiry tasks(&settings_, &RetentionPolicy::tasks, pass.now);
  Expiry histories(&settings_, &RetentionPolicy::history, pass.now);
  if (!tasks.HasLimits() && !histories.HasLimits()) return absl::OkStatus();
  const std::unique_ptr<storage::Snapshot> snapshot = store_.TakeSnapshot();
  const absl::StatusOr<storage::Sequence> as_of = SequenceOf(*snapshot, partition_);
  if (!as_of.ok()) return as_of.status();
  const bool counted = tasks.HasCounts() || histories.HasCounts();
  if (counted) {
    absl::Status read = VisitFinished(*snapshot, [&](const Finished& task) {
      const TemplateName name(task.record.namespace_(), task.record.name());
      tasks.Count(name);
      histories.Count(name);
      return true;
    });
    if (!read.ok()) return read;
  }
  const engine::Timestamp horizon = std::max(tasks.Horizon(), histories.Horizon());
  storage::Batch batch;
  absl::Status swept = VisitFinished(*snapshot, [&](const Finished& task) -> absl::StatusOr<bool> {
    if (!counted && task.completed_at > horizon) return false;
    const TemplateName name(task.record.namespace_(), task.record.name());
    const bool task_over = tasks.IsOver(name, task.completed_at);
    const bool history_over = histories.IsOver(name, task.completed_at);
    if (!task_over && !history_over) return true;
    if (absl::Status added = Remove(*snapshot, task, task_over, pass.counts[name], batch);
        !added.ok()) {
      return added;
    }
    if (batch.size() < kRowsPerCommit) return true;
    const absl::Status committed = Commit(pass, batch, *as_of);
    if (!committed.ok()) return committed;
    return true;
  });
  return swept.ok() ? Commit(pass, batch, *as_of) : swept;
}

absl::Status Retention::Remove(storage::Snapshot& snapshot, const Finished& task, bool whole,
                               v1::RetentionCount& count, storage::Batch& batch) {
  const std::string key = storage::TaskKey(task.id.bytes());
  const auto value = snapshot.Get(Table::kTasks, key);
  if (!value.ok()) return value.status();
  storage::v1::TaskRecord record;
  if (!value->has_value() || !record.ParseFromString(**value)) return Unreadable("tasks");
  if (whole) {
    // A step's task stays as long as the step's own task may ask for it.
    if (!record.parent_task().empty()) {
      const auto parent = snapshot.Get(Table::kOpen, storage::TaskKey(record.parent_task()));
      if (!parent.ok()) return parent.status();
      if (parent->has_value()) return absl::OkStatus();
    }
    count.set_tasks(count.tasks() + 1);
    return RemoveTask(snapshot, partition_, task.id, record, batch);
  }
  if (task.record.history_gone()) return absl::OkStatus();
  count.set_histories(count.histories() + 1);
  storage::v1::FinishedRecord without = task.record;
  without.set_history_gone(true);
  batch.Put(Table::kFinished,
            storage::FinishedKey(partition_, engine::ToMicros(task.completed_at), task.id.bytes()),
            without.SerializeAsString());
  return RemoveHistory(snapshot, task.id, batch);
}

}  // namespace tasker::service
