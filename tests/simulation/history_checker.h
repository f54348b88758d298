// What must hold of everything that was ever released.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/effects.h"
#include "engine/model/task_template.h"
#include "tests/simulation/simulated_store.h"

namespace tasker::simulation {

// Every version of every template.
using Templates = std::map<engine::TemplateId, engine::TaskTemplatePtr>;

// Watches what is released, in its order, beside what is durable then. Collects what is wrong. A
// task may be moved to another version of its template, so steps are known by their names.
class HistoryChecker {
 public:
  // Both must outlive it.
  HistoryChecker(const SimulatedStore* store, const Templates* templates)
      : store_(*store), templates_(*templates) {}

  // A handler is about to say that the attempt ends later.
  void Deferring(const engine::AttemptToken& token) { deferred_.insert(token.Encode()); }

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
  // A step's name; of an item, `name[3]`.
  using StepKey = std::pair<TaskId, std::string>;

  // Where a step of the task stands now, as is durable; nullopt: nowhere.
  std::optional<StepIndex> PlaceOf(const TaskId& task, const std::string& name) const;
  // Whether it was put back to its first state, ever.
  bool Reran(const TaskId& task, const std::string& name) const;
  // The version that the task ran on, and the name of a step, when the task had so many moves
  // behind it.
  const engine::TaskTemplate& VersionThen(const TaskId& task, std::uint32_t moves) const;
  std::string NameThen(const TaskId& task, std::uint32_t step, std::uint32_t moves) const;
  void CheckAssignment(const engine::Assignment& assignment);
  void CheckTurn(const engine::Assignment& assignment);
  void CheckAcknowledgement(const engine::Acknowledgement& acknowledgement);
  void CheckEnded(const engine::AttemptToken& token);
  void CheckEventsOfResults();
  void CheckTransitions(const TaskId& task, const std::vector<storage::v1::Transition>& history);
  // That events tell of each step that became ready.
  void CheckReady(const TaskId& task, const std::vector<storage::v1::Transition>& history);

  const SimulatedStore& store_;
  const Templates& templates_;
  std::map<StepKey, engine::AttemptToken> newest_;
  // The step of each token ever handed out, and those whose results were taken.
  std::map<std::string, StepKey> step_of_;
  std::map<std::string, int> applied_;
  // Tokens that were said to be deferred: one result more may be taken of them. Those that were
  // ended from elsewhere.
  std::set<std::string> deferred_;
  std::set<std::string> ended_;
  std::set<TaskId> created_;
  std::vector<std::string> faults_;
};

}  // namespace tasker::simulation
