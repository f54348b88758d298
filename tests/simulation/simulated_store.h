// A store that loses its unsynced tail.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/effects.h"
#include "engine/tasks/record_codec.h"
#include "tasker/storage/v1/records.pb.h"

namespace tasker::simulation {

using engine::StepIndex;
using engine::TaskId;

// What is durable.
struct DurableRows {
  std::map<TaskId, storage::v1::TaskRecord> tasks;
  std::map<TaskId, std::string> contexts;
  std::map<std::pair<TaskId, StepIndex>, storage::v1::StepRecord> steps;
  std::map<TaskId, std::vector<storage::v1::Transition>> history;
  std::map<TaskId, std::vector<storage::v1::EventRecord>> events;
  std::set<TaskId> open;
  storage::v1::PausesRecord pauses;
};

// What is written and synced as one.
struct SimulatedCommit {
  engine::Effects effects;
  // What the commands of the commit asked for and were told, to be released with it.
  std::vector<std::pair<TaskId, absl::Status>> created;
  std::vector<std::pair<engine::AttemptToken, absl::Status>> ended;
};

class SimulatedStore {
 public:
  // Written, and not synced yet.
  void Write(SimulatedCommit commit) { tail_.push_back(std::move(commit)); }
  // Syncs the oldest commit, and returns it for release. Precondition: there is one.
  SimulatedCommit SyncOne();
  bool has_tail() const { return !tail_.empty(); }
  // The power is cut.
  void LoseTail() { tail_.clear(); }

  const DurableRows& rows() const { return rows_; }
  // The task as the engine restores it.
  engine::StoredTask Read(const TaskId& id, engine::TaskTemplatePtr task_template) const;

 private:
  void Apply(const engine::RecordWrite& write);

  DurableRows rows_;
  std::deque<SimulatedCommit> tail_;
};

}  // namespace tasker::simulation
