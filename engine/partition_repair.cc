// What operators do to a partition's tasks and steps that cannot go on by themselves.
#include <algorithm>

#include "absl/strings/str_cat.h"

#include "engine/events/event_names.h"
#include "engine/events/event_records.h"
#include "engine/partition.h"

namespace tasker::engine {
namespace {

absl::Status Refused(const TaskRun& task, std::string_view why) {
  return absl::FailedPreconditionError(absl::StrCat("task ", task.id.ToString(), " is ",
                                                    std::string(NameOf(task.state)), ": ",
                                                    std::string(why)));
}

absl::Status IllegalFor(const TaskRun& task, StepIndex step, StepInput input) {
  return absl::FailedPreconditionError(absl::StrCat(
      "step `", task.NameOf(step), "` is ", std::string(NameOf(task.at(step).state)), ": ",
      std::string(NameOf(input)), " is possible only from ", StatesAllowing(input)));
}

StepInput InputOf(RepairStep::Action action) {
  switch (action) {
    case RepairStep::Action::kRetry:
    case RepairStep::Action::kRetryAfresh:
    case RepairStep::Action::kResetAttempts:
      return StepInput::kOperatorRetry;
    case RepairStep::Action::kResolve:
      return StepInput::kOperatorResolve;
    case RepairStep::Action::kSkip:
      return StepInput::kSkip;
    case RepairStep::Action::kCancel:
      return StepInput::kCancel;
  }
  return StepInput::kCancel;
}

// `from` and all that depend on it, directly or not.
std::vector<StepIndex> Downstream(const Dag& dag, StepIndex from) {
  std::vector<bool> seen(dag.size(), false);
  std::vector<StepIndex> all = {from};
  seen[Raw(from)] = true;
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (const StepIndex child : dag.ChildrenOf(all[i])) {
      if (!seen[Raw(child)]) all.push_back(child);
      seen[Raw(child)] = true;
    }
  }
  return all;
}

}  // namespace

absl::Status Partition::Do(RepairStep& command, Changes& changes) {
  TaskRun* task = FindAny(command.task);
  if (task == nullptr)
    return absl::NotFoundError(absl::StrCat("no task ", command.task.ToString()));
  const std::optional<StepIndex> step = task->Find(command.step);
  if (!step) {
    return absl::NotFoundError(absl::StrCat("the template ", task->task_template->id.ToString(),
                                            " has no step `", command.step, "`"));
  }
  if (!IsOpen(task->state) && task->state != TaskState::kError) {
    return Refused(*task, "its steps can no longer be repaired; run it again from a step on");
  }
  if (task->cancel) return Refused(*task, "it is being cancelled");
  if (task->compensating && !task->TemplateOf(*step).in_reserve()) {
    return Refused(*task, "compensation has begun; only the steps that compensate can be repaired");
  }
  return Repair(*task, *step, command, changes);
}

absl::Status Partition::Repair(TaskRun& task, StepIndex step, RepairStep& command,
                               Changes& changes) {
  using Action = RepairStep::Action;
  StepRun& run = task.at(step);
  const StepInput input = InputOf(command.action);
  const Cause cause{command.actor, command.reason};
  if (command.action == Action::kResetAttempts) {
    if (IsDone(run.state)) return IllegalFor(task, step, input);
    run.forgiven = run.state == StepState::kInProgress && Raw(run.attempts) > 0
                       ? AttemptNumber{Raw(run.attempts) - 1}
                       : run.attempts;
    changes.Note(task, step, cause);
    return absl::OkStatus();
  }
  if (!NextState(run.state, input)) return IllegalFor(task, step, input);
  if (run.is_item()) {
    const StepIndex all = *run.extras->item_of;
    const StepState state = task.at(all).state;
    if (state != StepState::kInProgress && state != StepState::kError &&
        state != StepState::kCancelled) {
      return absl::FailedPreconditionError(
          absl::StrCat("step `", task.NameOf(all), "` is ", std::string(NameOf(state)),
                       ": its items can be repaired only while it runs, or after it failed"));
    }
    const bool others_turn = !task.task_template->concurrent && task.counts.active() > 0;
    if (state != StepState::kInProgress && others_turn) {
      return absl::FailedPreconditionError(absl::StrCat(
          "the task runs one step at a time, and another has the turn: retry the step `",
          task.NameOf(all), "` as a whole, which waits for its turn"));
    }
  }
  if (command.action == Action::kCancel && run.state == StepState::kInProgress) {
    const OperatorAct act{command.actor, command.reason, changes.now()};
    CancelStep(task, step, act, changes);
    for (TaskRun* below : SubTasksOf(task)) {
      if (below->parent->step.step == step && !below->cancel) CancelOpenTask(*below, act, changes);
    }
    Proceed(task, changes);
    return absl::OkStatus();
  }
  if (!IsOpen(task.state)) Reopen(task, TaskInput::kOperatorRetry, cause, changes);
  if (run.is_item()) ReviveItems(task, *run.extras->item_of, cause, changes);
  const bool active_item = run.is_item() && (run.state == StepState::kEnqueued ||
                                             run.state == StepState::kWaitingForRetry);
  switch (command.action) {
    case Action::kRetry:
    case Action::kRetryAfresh:
      if (run.is_item() && !active_item) ++task.at(*run.extras->item_of).items()->active;
      Retry(task, step, command.action == Action::kRetryAfresh, cause, changes);
      break;
    case Action::kCancel:
      CancelNow(task, step, cause, changes);
      break;
    case Action::kSkip:
      queues_.Remove(task, step);
      if (run.is_item() && !active_item) ++task.at(*run.extras->item_of).items()->active;
      Skip(task, step, false, cause, changes);
      if (run.is_item()) ItemEnded(task, step, changes);
      break;
    case Action::kResolve: {
      queues_.Remove(task, step);
      run.results = std::move(command.results);
      run.completed_at = changes.now();
      run.next_retry_at = kNever;
      changes.Move(task, step, StepInput::kOperatorResolve, cause);
      storage::v1::EventRecord& event =
          changes.Tell(event_names::kStepResolvedManually, task, step);
      event.set_reason(command.reason);
      if (run.is_item()) {
        if (!active_item) ++task.at(*run.extras->item_of).items()->active;
        ItemEnded(task, step, changes);
      } else {
        CountAsDone(task, step);
      }
      break;
    }
    case Action::kResetAttempts:
      break;
  }
  if (run.is_item()) {
    // What was revived for this one goes on with those that wait, or ends again.
    StartItems(task, *run.extras->item_of, changes);
    EndItemsIfAllEnded(task, *run.extras->item_of, changes);
  }
  Proceed(task, changes);
  return absl::OkStatus();
}

void Partition::Retry(TaskRun& task, StepIndex step, bool afresh, const Cause& cause,
                      Changes& changes) {
  StepRun& run = task.at(step);
  const std::uint32_t limit = std::max(1u, task.TemplateOf(step).retry_limit);
  if (afresh) {
    run.forgiven = run.attempts;
  } else if (Raw(run.counted()) >= limit) {
    run.forgiven = AttemptNumber{Raw(run.attempts) - (limit - 1)};
  }
  run.next_retry_at = kNever;
  run.completed_at = kNever;
  storage::v1::EventRecord& event = changes.Tell(event_names::kStepRetryRequested, task, step);
  event.set_reason(std::string(cause.reason));
  const bool ended = run.state == StepState::kError || run.state == StepState::kCancelled;
  const bool one_at_a_time = !task.task_template->concurrent && task.counts.active() > 0;
  if (ended && !run.is_item() && (run.parents_left > 0 || one_at_a_time)) {
    // It was cancelled before its turn came, or another step has the turn now.
    changes.Move(task, step, StepInput::kRerun, cause);
    if (run.parents_left == 0) task.held_back.push_back(step);
    return;
  }
  Enqueue(task, step, StepInput::kOperatorRetry, cause, changes);
}

void Partition::Reopen(TaskRun& task, TaskInput input, const Cause& cause, Changes& changes) {
  changes.Move(task, input, cause);
  changes.Reopen(task);
  task.completed_at = kNever;
  // It had its time; who repairs it does not want it to end at once.
  task.deadline_at = kNever;
  task.cancel.reset();
  // Steps whose turn had not come when the task ended.
  for (std::uint32_t i = 0; i < task.steps.size(); ++i) {
    const StepRun& run = task.steps[i];
    const bool waits = run.state == StepState::kPending && run.parents_left == 0;
    if (waits && !task.task_template->steps[i].in_reserve()) {
      task.became_ready.push_back(StepIndex{i});
    }
  }
  storage::v1::EventRecord& event = changes.Tell(event_names::kTaskRetryRequested, task);
  event.set_reason(std::string(cause.reason));
}

// A step whose items have all ended is to run on with one of them.
void Partition::ReviveItems(TaskRun& task, StepIndex step, const Cause& cause, Changes& changes) {
  StepRun& run = task.at(step);
  if (run.state == StepState::kInProgress) return;
  run.completed_at = kNever;
  changes.Move(task, step, StepInput::kOperatorRetry, cause);
  TellReady(task, step, changes);
  StartTask(task, changes);
  changes.Move(task, step, StepInput::kAssign, cause);
  changes.Tell(event_names::kStepExecutionRequested, task, step);
}

absl::Status Partition::Do(RepairTask& command, Changes& changes) {
  TaskRun* task = FindAny(command.task);
  if (task == nullptr)
    return absl::NotFoundError(absl::StrCat("no task ", command.task.ToString()));
  const Cause cause{command.actor, command.reason};
  if (IsOpen(task->state)) return Refused(*task, "it has not finished");
  if (command.action == RepairTask::Action::kRerun) {
    const std::optional<StepIndex> from = task->Find(command.from_step);
    if (!from || Raw(*from) >= task->steps.size()) {
      return absl::NotFoundError(absl::StrCat("the template ", task->task_template->id.ToString(),
                                              " has no step `", command.from_step, "`"));
    }
    return Rerun(*task, *from, cause, changes);
  }
  if (task->state != TaskState::kError) return Refused(*task, "nothing of it has failed");
  if (command.action == RepairTask::Action::kResolve) {
    changes.Move(*task, TaskInput::kOperatorResolve, cause);
    storage::v1::EventRecord& event = changes.effects().events.Add();
    FillTaskEndEvent(event_names::kTaskResolvedManually, *task, changes.now(), event);
    event.set_reason(command.reason);
    return absl::OkStatus();
  }
  std::vector<StepIndex> failed;
  for (std::uint32_t i = 0; i < task->steps.size(); ++i) {
    const StepState state = task->steps[i].state;
    if (state != StepState::kError && state != StepState::kCancelled) continue;
    if (task->compensating && !task->task_template->steps[i].in_reserve()) continue;
    failed.push_back(StepIndex{i});
  }
  if (failed.empty()) {
    return Refused(*task, "compensation has begun, and none of the steps that compensate failed");
  }
  Reopen(*task, TaskInput::kOperatorRetry, cause, changes);
  for (const StepIndex step : failed) Retry(*task, step, true, cause, changes);
  Proceed(*task, changes);
  return absl::OkStatus();
}

absl::Status Partition::Rerun(TaskRun& task, StepIndex from, const Cause& cause, Changes& changes) {
  if (task.compensating) return Refused(task, "compensation has begun");
  if (task.TemplateOf(from).in_reserve()) {
    return Refused(task, "a step that runs only after a failure cannot be run again");
  }
  std::vector<StepIndex> again = Downstream(task.task_template->dag, from);
  for (std::uint32_t i = 0; i < task.steps.size(); ++i) {
    const bool stopped = task.steps[i].state == StepState::kCancelled;
    const bool reserve = task.task_template->steps[i].in_reserve();
    if ((stopped || reserve) && std::ranges::find(again, StepIndex{i}) == again.end()) {
      again.push_back(StepIndex{i});
    }
  }
  Reopen(task, TaskInput::kRerun, cause, changes);
  for (const StepIndex step : again) {
    StepRun& run = task.at(step);
    if (const Items* items = run.items()) {
      for (std::uint32_t i = 0; i < items->size(); ++i) {
        const StepIndex item{items->first + i};
        changes.Drop(task, item);
        task.at(item) = StepRun();
      }
    }
    if (run.state != StepState::kPending) changes.Move(task, step, StepInput::kRerun, cause);
    run.extras.reset();
    run.left_out = false;
    run.forgiven = run.attempts;
    run.results = nullptr;
    run.last_failure = nullptr;
    run.nonce = 0;
    run.enqueued_at = run.started_at = run.completed_at = run.next_retry_at = kNever;
  }
  CountParents(task);
  for (const StepIndex step : again) {
    const bool ready = task.at(step).parents_left == 0 && !task.TemplateOf(step).in_reserve();
    if (ready) task.became_ready.push_back(step);
  }
  std::ranges::sort(task.became_ready, {}, [](StepIndex step) { return Raw(step); });
  Proceed(task, changes);
  return absl::OkStatus();
}

}  // namespace tasker::engine
