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
  const std::optional<StepIndex> step = CurrentStep(task, token);
  if (!step) {
    changes.effects().acknowledgements.push_back(
        {command.session, token, OutcomeOfLate(task, token)});
    return absl::OkStatus();
  }
  const std::string actor = ActorOf(*task->at(*step).holder);
  TakeFromHolder(*task, *step);
  changes.effects().acknowledgements.push_back({command.session, token, ResultOutcome::kApplied});
  if (task->TemplateOf(*step).sticky) {
    task->sticky_instance = task->at(*step).handler->instance_id;
    changes.Save(*task);
  }
  Succeed(*task, *step, std::move(command.results), {actor, ""}, changes);
  Proceed(*task, changes);
  return absl::OkStatus();
}

absl::Status Partition::Do(FailAttempt& command, Changes& changes) {
  const AttemptToken& token = command.token;
  TaskRun* task = Find(token.task);
  const std::optional<StepIndex> step = CurrentStep(task, token);
  if (!step) {
    changes.effects().acknowledgements.push_back(
        {command.session, token, OutcomeOfLate(task, token)});
    return absl::OkStatus();
  }
  const std::string actor = ActorOf(*task->at(*step).holder);
  TakeFromHolder(*task, *step);
  changes.effects().acknowledgements.push_back({command.session, token, ResultOutcome::kApplied});
  FailStep(*task, *step, std::move(command.failure), {actor, ""}, changes);
  Proceed(*task, changes);
  return absl::OkStatus();
}

std::optional<StepIndex> Partition::CurrentStep(const TaskRun* task, const AttemptToken& token) {
  const std::optional<StepIndex> step = task == nullptr ? std::nullopt : task->StepOf(token);
  return step && task->at(*step).state == StepState::kInProgress ? step : std::nullopt;
}

ResultOutcome Partition::OutcomeOfLate(const TaskRun* task, const AttemptToken& token) {
  if (task == nullptr) return ResultOutcome::kNotOpen;
  // The nonce is drawn at each hand-out and wiped where anything but a result ends the attempt, so
  // the same nonce means that it was this result.
  return task->StepOf(token) ? ResultOutcome::kAlreadyApplied : ResultOutcome::kStale;
}

}  // namespace tasker::engine
