#include "tests/simulation/simulated_store.h"

namespace tasker::simulation {

SimulatedCommit SimulatedStore::SyncOne() {
  SimulatedCommit commit = std::move(tail_.front());
  tail_.pop_front();
  for (const engine::RecordWrite& write : commit.effects.records) Apply(write);
  for (const storage::v1::EventRecord& event : commit.effects.events) {
    if (const auto id = TaskId::FromBytes(event.task_id())) rows_.events[*id].push_back(event);
  }
  return commit;
}

void SimulatedStore::Apply(const engine::RecordWrite& write) {
  using Kind = engine::RecordWrite::Kind;
  switch (write.kind) {
    case Kind::kTask:
      rows_.tasks[write.task].ParseFromString(write.value);
      return;
    case Kind::kContext:
      rows_.contexts[write.task] = write.value;
      return;
    case Kind::kStep:
      rows_.steps[{write.task, write.step}].ParseFromString(write.value);
      return;
    case Kind::kStepGone:
      rows_.steps.erase({write.task, write.step});
      return;
    case Kind::kHistory: {
      storage::v1::HistoryRecord record;
      record.ParseFromString(write.value);
      for (const auto& each : record.transitions()) rows_.history[write.task].push_back(each);
      return;
    }
    case Kind::kOpen:
      rows_.open.insert(write.task);
      return;
    case Kind::kClosed:
      rows_.open.erase(write.task);
      return;
    case Kind::kCreated:
      return;
    case Kind::kPauses:
      rows_.pauses.ParseFromString(write.value);
      return;
  }
}

engine::StoredTask SimulatedStore::Read(const TaskId& id,
                                        engine::TaskTemplatePtr task_template) const {
  engine::StoredTask stored{id,
                            rows_.tasks.at(id),
                            std::move(task_template),
                            engine::MakePayload(rows_.contexts.at(id)),
                            {}};
  const auto end = rows_.steps.end();
  for (auto at = rows_.steps.lower_bound({id, StepIndex{0}}); at != end && at->first.first == id;
       ++at) {
    stored.steps.emplace_back(at->first.second, at->second);
  }
  return stored;
}

}  // namespace tasker::simulation
