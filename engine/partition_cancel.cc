// Cancelling tasks and steps in a partition, and taking attempts from their handlers.
#include "absl/strings/str_cat.h"

#include "engine/events/event_names.h"
#include "engine/events/event_records.h"
#include "engine/partition.h"

namespace tasker::engine {
namespace {

// Whether a step in this state is still to be stopped when its task is cancelled.
bool EndsWithTask(StepState state) {
  return !IsDone(state) && state != StepState::kError && state != StepState::kCancelled;
}

}  // namespace

absl::Status Partition::Do(CancelTask& command, Changes& changes) {
  TaskRun* task = Find(command.task);
  if (task == nullptr) {
    return absl::NotFoundError(absl::StrCat("no open task ", command.task.ToString()));
  }
  if (!task->cancel) {
    CancelOpenTask(*task, {command.actor, command.reason, changes.now()}, changes);
  }
  return absl::OkStatus();
}

void Partition::CancelOpenTask(TaskRun& top, const OperatorAct& act, Changes& changes) {
  // A task, the tasks that its steps run, theirs, and so on.
  std::vector<TaskRun*> tasks = {&top};
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    TaskRun& task = *tasks[i];
    task.cancel = act;
    task.held_back.clear();
    changes.Note(task, {act.actor, act.reason});
    for (std::uint32_t k = 0; k < task.steps.size(); ++k) {
      if (EndsWithTask(task.steps[k].state)) CancelStep(task, StepIndex{k}, act, changes);
    }
    for (TaskRun* below : SubTasksOf(task)) {
      if (!below->cancel) tasks.push_back(below);
    }
  }
  // From the bottom, so that each finds the tasks below it ended if they could end at once.
  for (auto task = tasks.rbegin(); task != tasks.rend(); ++task) {
    Proceed(**task, changes);
    TellParents(changes);
  }
}

std::vector<TaskRun*> Partition::SubTasksOf(const TaskRun& task) {
  std::vector<TaskRun*> below;
  const auto all = static_cast<std::uint32_t>(task.steps.size() + task.items.size());
  for (std::uint32_t i = 0; i < all; ++i) {
    const StepRun& run = task.at(StepIndex{i});
    if (run.state != StepState::kInProgress || run.extras == nullptr || !run.extras->sub_task) {
      continue;
    }
    if (TaskRun* sub_task = Find(*run.extras->sub_task)) below.push_back(sub_task);
  }
  return below;
}

void Partition::CancelStep(TaskRun& task, StepIndex step, const OperatorAct& act,
                           Changes& changes) {
  StepRun& run = task.at(step);
  const Cause cause{act.actor, act.reason};
  const bool awaits_task =
      run.extras != nullptr && run.extras->sub_task && Find(*run.extras->sub_task) != nullptr;
  const bool awaits_items = run.items() != nullptr && run.items()->active > 0;
  const bool awaits =
      run.state == StepState::kInProgress && (run.holder != nullptr || awaits_task || awaits_items);
  if (!awaits) {
    CancelNow(task, step, cause, changes);
    return;
  }
  if (run.holder != nullptr && settings_.cancel_grace == Duration::zero()) {
    Recall(task, step, act.reason, changes);
    CancelNow(task, step, cause, changes);
    return;
  }
  if (run.cancel() != nullptr) return;
  const Timestamp until = changes.now() + settings_.cancel_grace;
  run.More().cancel = OperatorAct{act.actor, act.reason, until};
  changes.Note(task, step, cause);
  if (Items* items = run.items()) {
    for (std::uint32_t i = 0; i < items->next; ++i) {
      const StepIndex item{items->first + i};
      // With the last of them the step itself is cancelled.
      if (EndsWithTask(task.at(item).state)) CancelStep(task, item, act, changes);
    }
  }
  if (run.holder == nullptr) return;
  timers_.Add({until, StepTimer{StepTimer::Kind::kCancelGrace, {task.id, step}}});
  if (run.holder->connected()) {
    changes.effects().cancellations.push_back(
        {run.holder->session, task.TokenOf(step), act.reason});
  }
}

void Partition::CancelNow(TaskRun& task, StepIndex step, const Cause& cause, Changes& changes) {
  StepRun& run = task.at(step);
  queues_.Remove(task, step);
  run.completed_at = changes.now();
  run.next_retry_at = kNever;
  if (run.extras != nullptr) run.extras->cancel.reset();
  if (run.deferred()) run.nonce = 0;
  const bool was_active = run.state != StepState::kPending && run.state != StepState::kError;
  changes.Move(task, step, StepInput::kCancel, cause);
  storage::v1::EventRecord& event = changes.Tell(event_names::kStepCancelled, task, step);
  event.set_reason(std::string(cause.reason));
  if (run.is_item() && was_active) ItemEnded(task, step, changes);
}

void Partition::Recall(TaskRun& task, StepIndex step, std::string_view reason, Changes& changes) {
  StepRun& run = task.at(step);
  if (run.holder->connected()) {
    changes.effects().cancellations.push_back(
        {run.holder->session, task.TokenOf(step), std::string(reason), true});
  }
  run.nonce = 0;
  TakeFromHolder(task, step);
}

}  // namespace tasker::engine
