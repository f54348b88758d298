#include "tests/simulation/history_checker.h"

#include <algorithm>
#include <optional>

#include "engine/states/step_machine.h"
#include "engine/states/task_machine.h"
#include "tests/simulation/simulated_handlers.h"

namespace tasker::simulation {
namespace {

using engine::StepState;
using engine::TaskState;

std::string Name(const TaskId& task, StepIndex step) { return engine::StepIdText(task, step); }

// The event that tells of a change; empty: none has to.
std::string EventOf(const storage::v1::Transition& change) {
  if (change.step_plus_one() == 0) {
    if (!change.from_version().empty()) return "task.migrated";
    if (change.task_from() == change.task_to()) return "";
    switch (change.task_to()) {
      case v1::TASK_STATE_IN_PROGRESS:
        return "task.start_requested";
      case v1::TASK_STATE_COMPLETE:
        return "task.completed";
      case v1::TASK_STATE_ERROR:
        return "task.failed";
      case v1::TASK_STATE_CANCELLED:
        return "task.cancelled";
      case v1::TASK_STATE_RESOLVED_MANUALLY:
        return "task.resolved_manually";
      default:
        return "task.retry_requested";
    }
  }
  if (change.step_from() == change.step_to()) return "";
  switch (change.step_to()) {
    case v1::STEP_STATE_IN_PROGRESS:
      return "step.execution_requested";
    case v1::STEP_STATE_COMPLETE:
      return "step.completed";
    case v1::STEP_STATE_ERROR:
    case v1::STEP_STATE_WAITING_FOR_RETRY:
      return "step.failed";
    case v1::STEP_STATE_CANCELLED:
      return "step.cancelled";
    case v1::STEP_STATE_SKIPPED:
      return "observability.step.skip";
    case v1::STEP_STATE_RESOLVED_MANUALLY:
      return "step.resolved_manually";
    default:
      return "";
  }
}

// Events that tell of a change of state, and not of what led to it.
bool TellsOfChange(const std::string& name) {
  static const std::set<std::string> kNames = {
      "task.start_requested",  "task.completed",         "task.failed",
      "task.cancelled",        "task.resolved_manually", "task.retry_requested",
      "task.migrated",         "step.completed",         "step.execution_requested",
      "step.failed",           "step.cancelled",         "observability.step.skip",
      "step.resolved_manually"};
  return kNames.contains(name);
}

std::pair<TaskId, std::string> KeyOf(const engine::Assignment& assignment) {
  std::string name = assignment.task_template->steps[Raw(assignment.template_step)].name;
  if (assignment.item) name += "[" + std::to_string(assignment.item->index) + "]";
  return {assignment.token.task, std::move(name)};
}

bool LegalStep(StepState from, StepState to) {
  return from == to ||
         std::ranges::any_of(engine::StepTransitions(), [&](const engine::StepTransition& legal) {
           return legal.from == from && legal.to == to;
         });
}

bool LegalTask(TaskState from, TaskState to) {
  return from == to ||
         std::ranges::any_of(engine::TaskTransitions(), [&](const engine::TaskTransition& legal) {
           return legal.from == from && legal.to == to;
         });
}

}  // namespace

std::optional<StepIndex> HistoryChecker::PlaceOf(const TaskId& task,
                                                 const std::string& name) const {
  const auto record = store_.rows().tasks.find(task);
  if (record == store_.rows().tasks.end()) return std::nullopt;
  const auto& steps = templates_
                          .at({record->second.namespace_(), record->second.name(),
                               record->second.version(), record->second.initialized()})
                          ->steps;
  const auto found = std::ranges::find(steps, name, &engine::StepTemplate::name);
  if (found == steps.end()) return std::nullopt;
  return StepIndex{static_cast<std::uint32_t>(found - steps.begin())};
}

std::string HistoryChecker::NameThen(const TaskId& task, std::uint32_t step,
                                     std::uint32_t moves) const {
  return VersionThen(task, moves).steps.at(step).name;
}

const engine::TaskTemplate& HistoryChecker::VersionThen(const TaskId& task,
                                                        std::uint32_t moves) const {
  const storage::v1::TaskRecord& record = store_.rows().tasks.at(task);
  const bool earlier = moves < static_cast<std::uint32_t>(record.earlier_versions_size());
  const std::string& version =
      earlier ? record.earlier_versions(static_cast<int>(moves)) : record.version();
  return *templates_.at({record.namespace_(), record.name(), version, record.initialized()});
}

void HistoryChecker::Released(const SimulatedCommit& commit) {
  for (const auto& [task, answer] : commit.created) {
    if (answer.ok()) created_.insert(task);
  }
  // A result is of an attempt handed out with an earlier commit; what follows from it comes after.
  for (const auto& acknowledgement : commit.effects.acknowledgements) {
    CheckAcknowledgement(acknowledgement);
  }
  for (const auto& [token, answer] : commit.ended) {
    if (answer.ok()) CheckEnded(token);
  }
  for (const engine::Assignment& assignment : commit.effects.assignments) {
    const StepKey key = KeyOf(assignment);
    newest_[key] = assignment.token;
    step_of_[assignment.token.Encode()] = key;
  }
  for (const engine::Assignment& assignment : commit.effects.assignments) {
    CheckAssignment(assignment);
  }
}

void HistoryChecker::CheckAssignment(const engine::Assignment& assignment) {
  const engine::AttemptToken& token = assignment.token;
  const auto row = store_.rows().steps.find({token.task, token.step});
  // A later command of the same commit may have taken it back, or handed it out anew.
  const bool newest = newest_[KeyOf(assignment)] == token;
  const bool runs =
      row != store_.rows().steps.end() && row->second.state() == v1::STEP_STATE_IN_PROGRESS;
  if (newest && runs && row->second.nonce() != token.nonce) {
    Fault(Name(token.task, token.step) + " left the house before its record was durable");
  }
  const engine::StepTemplate& step = assignment.task_template->steps[Raw(assignment.template_step)];
  const std::uint32_t limit = std::max(1u, step.retry_limit);
  if (Raw(assignment.attempt) == 0 || Raw(assignment.attempt) > limit) {
    Fault(Name(token.task, token.step) + " had attempt " + std::to_string(Raw(assignment.attempt)) +
          " of " + std::to_string(limit));
  }
  CheckTurn(assignment);
  for (const StepIndex parent : step.parents) {
    const auto above = store_.rows().steps.find({token.task, parent});
    if (above == store_.rows().steps.end() ||
        !engine::IsDone(static_cast<StepState>(above->second.state()))) {
      Fault(Name(token.task, token.step) + " began before " + Name(token.task, parent));
      FaultHistory(token.task);
    }
  }
}

// One step at a time, if the template says so.
void HistoryChecker::CheckTurn(const engine::Assignment& assignment) {
  if (assignment.task_template->concurrent) return;
  const auto total = static_cast<std::uint32_t>(assignment.task_template->steps.size());
  std::uint32_t active = 0;
  for (std::uint32_t i = 0; i < total; ++i) {
    const auto row = store_.rows().steps.find({assignment.token.task, StepIndex{i}});
    if (row == store_.rows().steps.end()) continue;
    const v1::StepState state = row->second.state();
    if (state == v1::STEP_STATE_ENQUEUED || state == v1::STEP_STATE_IN_PROGRESS ||
        state == v1::STEP_STATE_WAITING_FOR_RETRY) {
      ++active;
    }
  }
  if (active <= 1) return;
  Fault(std::to_string(active) + " steps of task " + assignment.token.task.ToString() +
        " are active at a time");
  FaultHistory(assignment.token.task);
}

void HistoryChecker::FaultHistory(const TaskId& task) {
  const auto history = store_.rows().history.find(task);
  if (history == store_.rows().history.end()) return;
  for (const storage::v1::Transition& change : history->second) {
    const bool signal = change.step_plus_one() == 0 && change.task_from() == change.task_to() &&
                        change.from_version().empty();
    if (!signal) Fault("  " + change.ShortDebugString());
  }
}

void HistoryChecker::CheckAcknowledgement(const engine::Acknowledgement& acknowledgement) {
  const engine::AttemptToken& token = acknowledgement.token;
  if (acknowledgement.outcome != engine::ResultOutcome::kApplied) return;
  const auto step = step_of_.find(token.Encode());
  if (step == step_of_.end() || !(newest_.at(step->second) == token)) {
    Fault(Name(token.task, token.step) + ": the result of a superseded attempt was taken");
  }
  const int most = deferred_.contains(token.Encode()) ? 2 : 1;
  if (++applied_[token.Encode()] > most) {
    Fault(Name(token.task, token.step) + ": the same result was taken twice");
  }
}

void HistoryChecker::CheckEnded(const engine::AttemptToken& token) {
  const auto step = step_of_.find(token.Encode());
  if (step == step_of_.end() || !(newest_.at(step->second) == token)) {
    Fault(Name(token.task, token.step) + ": a superseded attempt was ended from elsewhere");
  }
  if (!ended_.insert(token.Encode()).second) {
    Fault(Name(token.task, token.step) + ": was ended from elsewhere twice");
  }
}

void HistoryChecker::CheckEventsOfResults() {
  std::map<std::string, int> told;
  for (const auto& [task, events] : store_.rows().events) {
    for (const auto& event : events) {
      if (event.name() == kEvent) ++told[event.payload()];
    }
  }
  std::map<std::string, int> expected;
  for (const auto& [bytes, times] : applied_) {
    const engine::AttemptToken token = *engine::AttemptToken::Decode(bytes);
    if (HasEvent(token)) expected[EventPayload(token)] += times;
  }
  if (told != expected) Fault("events of results are not those of the results that were taken");
}

void HistoryChecker::CheckNothingLost() {
  for (const TaskId& task : created_) {
    if (!store_.rows().tasks.contains(task)) Fault("task " + task.ToString() + " is lost");
  }
  for (const auto& [bytes, times] : applied_) {
    const engine::AttemptToken token = *engine::AttemptToken::Decode(bytes);
    const std::string& name = step_of_.at(bytes).second;
    // A rerun drops items, and others may get their places; their history stays.
    if (name.ends_with(']')) continue;
    const std::optional<StepIndex> place = PlaceOf(token.task, name);
    const auto row =
        place ? store_.rows().steps.find({token.task, *place}) : store_.rows().steps.end();
    if (row == store_.rows().steps.end()) {
      // After a rerun it has not begun, and may be left out of another version.
      if (!place && Reran(token.task, name)) continue;
      Fault(Name(token.task, token.step) + ": an acknowledged result and its step are lost");
      continue;
    }
    const bool still_runs = row->second.state() == v1::STEP_STATE_IN_PROGRESS &&
                            row->second.nonce() == token.nonce && !row->second.deferred();
    if (still_runs || row->second.attempts() < Raw(token.attempt)) {
      Fault(Name(token.task, token.step) + ": an acknowledged result is lost");
    }
  }
}

bool HistoryChecker::Reran(const TaskId& task, const std::string& name) const {
  const auto history = store_.rows().history.find(task);
  return history != store_.rows().history.end() &&
         std::ranges::any_of(history->second, [&](const storage::v1::Transition& change) {
           return change.step_plus_one() > 0 && change.step_to() == v1::STEP_STATE_PENDING &&
                  change.item_plus_one() == 0 &&
                  NameThen(task, change.step_plus_one() - 1, change.moves()) == name;
         });
}

void HistoryChecker::CheckHistories() {
  CheckEventsOfResults();
  for (const auto& [task, history] : store_.rows().history) {
    CheckTransitions(task, history);
    CheckReady(task, history);
    std::vector<std::string> changes;
    for (const auto& change : history) {
      std::string event = EventOf(change);
      if (!event.empty()) changes.push_back(std::move(event));
    }
    std::vector<std::string> told;
    const auto events = store_.rows().events.find(task);
    if (events != store_.rows().events.end()) {
      for (const auto& event : events->second) {
        if (TellsOfChange(event.name())) told.push_back(event.name());
      }
    }
    if (changes == told) continue;
    const auto [change, event] = std::ranges::mismatch(changes, told);
    Fault("task " + task.ToString() + ": change " + std::to_string(change - changes.begin()) +
          " is " + (change == changes.end() ? "none" : *change) + ", and its event " +
          (event == told.end() ? "none" : *event));
  }
}

void HistoryChecker::CheckReady(const TaskId& task,
                                const std::vector<storage::v1::Transition>& history) {
  const auto made_ready = std::ranges::count_if(history, [](const auto& change) {
    return change.step_plus_one() > 0 && change.step_to() == v1::STEP_STATE_ENQUEUED &&
           change.step_from() != v1::STEP_STATE_ENQUEUED &&
           // It comes back from a handler that it has not reached.
           change.step_from() != v1::STEP_STATE_IN_PROGRESS;
  });
  std::int64_t told = 0;
  const auto events = store_.rows().events.find(task);
  if (events != store_.rows().events.end()) {
    for (const auto& event : events->second) told += event.ready_steps();
  }
  if (told == made_ready) return;
  Fault("task " + task.ToString() + ": " + std::to_string(made_ready) +
        " times a step became ready, and events tell of " + std::to_string(told));
}

void HistoryChecker::CheckTransitions(const TaskId& task,
                                      const std::vector<storage::v1::Transition>& history) {
  std::map<std::pair<std::string, std::uint32_t>, StepState> steps;
  TaskState state = TaskState::kPending;
  for (const storage::v1::Transition& change : history) {
    if (change.step_plus_one() == 0) {
      const auto from = static_cast<TaskState>(change.task_from());
      const auto to = static_cast<TaskState>(change.task_to());
      if (from != state || !LegalTask(from, to)) {
        Fault("task " + task.ToString() + " went from " + std::string(NameOf(from)) + " to " +
              std::string(NameOf(to)));
      }
      state = to;
      if (!change.from_version().empty()) {
        // What the new version does not have had not begun; one of its name may come again.
        const auto& has = VersionThen(task, change.moves()).steps;
        std::erase_if(steps, [&](const auto& step) {
          return std::ranges::count(has, step.first.first, &engine::StepTemplate::name) == 0;
        });
      }
      continue;
    }
    const std::string name = NameThen(task, change.step_plus_one() - 1, change.moves());
    const auto [place, first] =
        steps.try_emplace({name, change.item_plus_one()}, StepState::kPending);
    const auto from = static_cast<StepState>(change.step_from());
    const auto to = static_cast<StepState>(change.step_to());
    // A rerun makes items anew.
    const bool anew = change.item_plus_one() > 0 && from == StepState::kPending;
    if ((from != place->second && !anew) || !LegalStep(from, to)) {
      Fault(task.ToString() + " " + name + " went from " + std::string(NameOf(from)) + " to " +
            std::string(NameOf(to)) + ", and was " + std::string(NameOf(place->second)));
    }
    place->second = to;
  }
}

}  // namespace tasker::simulation
