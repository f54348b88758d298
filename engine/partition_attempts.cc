// What becomes of attempts: results, current and late.
#include "absl/strings/str_cat.h"

#include "engine/partition.h"

namespace tasker::engine {
namespace {

std::string ActorOf(const HandlerInstance& holder) {
  return absl::StrCat("handler:", holder.identity->name);
}

}  // namespace

absl::Status Partition::Do(CompleteAttempt& command, Changes& changes) {
  const AttemptToken& token = command.token;
  TaskRun* task = Find(token.task);
  if (!IsCurrent(task, token)) {
    changes.effects().acknowledgements.push_back(
        {command.session, token, OutcomeOfLate(task, token)});
    return absl::OkStatus();
  }
  const std::string actor = ActorOf(*task->at(token.step).holder);
  TakeFromHolder(*task, token.step);
  changes.effects().acknowledgements.push_back({command.session, token, ResultOutcome::kApplied});
  if (task->TemplateOf(token.step).sticky) {
    task->sticky_instance = task->at(token.step).handler->instance_id;
    changes.Save(*task);
  }
  Succeed(*task, token.step, std::move(command.results), {actor, ""}, changes);
  Proceed(*task, changes);
  return absl::OkStatus();
}

absl::Status Partition::Do(FailAttempt& command, Changes& changes) {
  const AttemptToken& token = command.token;
  TaskRun* task = Find(token.task);
  if (!IsCurrent(task, token)) {
    changes.effects().acknowledgements.push_back(
        {command.session, token, OutcomeOfLate(task, token)});
    return absl::OkStatus();
  }
  const std::string actor = ActorOf(*task->at(token.step).holder);
  TakeFromHolder(*task, token.step);
  changes.effects().acknowledgements.push_back({command.session, token, ResultOutcome::kApplied});
  FailStep(*task, token.step, std::move(command.failure), {actor, ""}, changes);
  Proceed(*task, changes);
  return absl::OkStatus();
}

bool Partition::IsCurrent(const TaskRun* task, const AttemptToken& token) {
  if (task == nullptr || token.nonce == 0 || !task->has(token.step)) return false;
  const StepRun& run = task->at(token.step);
  return run.state == StepState::kInProgress && run.attempts == token.attempt &&
         run.nonce == token.nonce;
}

ResultOutcome Partition::OutcomeOfLate(const TaskRun* task, const AttemptToken& token) {
  if (task == nullptr) return ResultOutcome::kNotOpen;
  if (token.nonce == 0 || !task->has(token.step)) return ResultOutcome::kStale;
  const StepRun& run = task->at(token.step);
  // The nonce is drawn at each hand-out and wiped where anything but a result ends the attempt, so
  // the same nonce means that it was this result.
  const bool ended_by_this = run.attempts == token.attempt && run.nonce == token.nonce;
  return ended_by_this ? ResultOutcome::kAlreadyApplied : ResultOutcome::kStale;
}

}  // namespace tasker::engine
