// What must hold of everything that was ever released.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/effects.h"
#include "tests/simulation/simulated_store.h"

namespace tasker::simulation {

// Watches what is released, in its order, beside what is durable then. Collects what is wrong.
class HistoryChecker {
 public:
  explicit HistoryChecker(const SimulatedStore* store) : store_(*store) {}

  // Just synced, and about to leave the house.
  void Released(const SimulatedCommit& commit);
  // After a crash, or at the end: all that was acknowledged must still be there.
  void CheckNothingLost();
  // At the end: history and events of every task tell the same story.
  void CheckHistories();

  // Tells the whole story of a task of which something is wrong.
  void FaultHistory(const TaskId& task);

  const std::vector<std::string>& faults() const { return faults_; }
  void Fault(std::string what) { faults_.push_back(std::move(what)); }

 private:
  using StepKey = std::pair<TaskId, StepIndex>;

  void CheckAssignment(const engine::Assignment& assignment);
  void CheckTurn(const engine::Assignment& assignment);
  void CheckAcknowledgement(const engine::Acknowledgement& acknowledgement);
  void CheckTransitions(const TaskId& task, const std::vector<storage::v1::Transition>& history);

  const SimulatedStore& store_;
  std::map<StepKey, engine::AttemptToken> newest_;
  std::set<std::string> applied_;
  std::set<TaskId> created_;
  std::vector<std::string> faults_;
};

}  // namespace tasker::simulation
