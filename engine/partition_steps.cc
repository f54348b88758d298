// The way of a step in a partition: ready, done, failed or skipped, and what follows for its task.
#include <algorithm>

#include "absl/strings/str_cat.h"

#include "engine/events/event_names.h"
#include "engine/events/event_records.h"
#include "engine/flow/decision.h"
#include "engine/flow/step_scope.h"
#include "engine/model/error_classes.h"
#include "engine/model/invariant.h"
#include "engine/partition.h"

namespace tasker::engine {

void Partition::MakeReady(TaskRun& task, StepIndex step, Changes& changes) {
  const StepTemplate& kind = task.TemplateOf(step);
  if (!kind.parents.empty() && task.at(step).parents_wanted == 0) {
    Skip(task, step, true, {"engine", "every step before it was left out"}, changes);
    return;
  }
  if (kind.when != nullptr) {
    const absl::StatusOr<bool> holds = kind.when->Test(StepScope(task, step));
    if (!holds.ok()) {
      GiveUp(task, step,
             MakeFailure(kExpressionError,
                         absl::StrCat("when: ", std::string(holds.status().message())), false),
             {}, changes);
      return;
    }
    if (!*holds) {
      const std::string why = absl::StrCat("when: ", std::string(kind.when->text()));
      Skip(task, step, false, {"engine", why}, changes);
      return;
    }
  }
  if (!task.task_template->concurrent && task.counts.active() > 0) {
    task.held_back.push_back(step);
    return;
  }
  Enqueue(task, step, StepInput::kReady, {}, changes);
}

void Partition::Enqueue(TaskRun& task, StepIndex step, StepInput input, const Cause& cause,
                        Changes& changes) {
  StepRun& run = task.at(step);
  changes.Move(task, step, input, cause);
  // What comes back from a handler that it never reached was told of before.
  if (input != StepInput::kUndelivered) TellReady(task, step, changes);
  run.enqueued_at = changes.now();
  if (task.by_engine(step)) {
    if (!task.pause) Begin(task, step, changes);
    return;
  }
  queues_.PlaceInOrder(task, run, changes.now());
  if (const Duration limit = task.TemplateOf(step).timeouts.schedule_to_start;
      limit > Duration::zero()) {
    timers_.Add(
        {run.enqueued_at + limit, StepTimer{StepTimer::Kind::kScheduleToStart, {task.id, step}}});
  }
  if (!task.pause) Offer(task, step);
}

void Partition::TellReady(TaskRun& task, StepIndex step, Changes& changes) {
  EventList& events = changes.effects().events;
  if (task.ready_event == 0) {
    FillReadyEvent(task, changes.now(), events.Add());
    task.ready_event = events.size();
  }
  AddReady(step, events.at(task.ready_event - 1));
}

void Partition::StartTask(TaskRun& task, Changes& changes) {
  if (task.state != TaskState::kPending) return;
  if (task.started_at == kNever) task.started_at = changes.now();
  changes.Move(task, TaskInput::kStart);
  changes.Tell(event_names::kTaskStartRequested, task);
}

void Partition::Succeed(TaskRun& task, StepIndex step, Payload results, const Cause& cause,
                        Changes& changes) {
  if (task.TemplateOf(step).initializes) {
    const absl::StatusOr<AcceptedContext> accepted =
        task.task_template->context_rules->Accept(results);
    if (!accepted.ok()) {
      FailStep(task, step,
               MakeFailure(kInvalidContext, std::string(accepted.status().message()), false), cause,
               changes);
      return;
    }
    task.context = accepted->effective;
    changes.SaveContext(task, accepted->stored);
    results = MakePayload("{}");
  }
  StepRun& run = task.at(step);
  std::vector<StepIndex> chosen;
  const bool decides = task.TemplateOf(step).choice != nullptr;
  if (decides) {
    absl::StatusOr<std::vector<StepIndex>> branches =
        ChosenBranches(*task.task_template, step, ResultScope(task, step, results));
    if (!branches.ok()) {
      FailStep(task, step,
               MakeFailure(kInvalidChoice, std::string(branches.status().message()), false), cause,
               changes);
      return;
    }
    chosen = *std::move(branches);
  }
  run.results = std::move(results);
  run.completed_at = changes.now();
  if (run.extras != nullptr) {
    run.extras->cancel.reset();
    run.extras->checkpoint = nullptr;
  }
  changes.Move(task, step, StepInput::kSucceed, cause);
  storage::v1::EventRecord& event = changes.Tell(event_names::kStepCompleted, task, step);
  event.set_execution_duration_us((changes.now() - run.started_at).count());
  if (run.is_item()) {
    ItemEnded(task, step, changes);
    return;
  }
  if (decides) LeaveOut(task, step, chosen, changes);
  CountAsDone(task, step);
}

void Partition::FailStep(TaskRun& task, StepIndex step, v1::Failure failure, const Cause& cause,
                         Changes& changes) {
  StepRun& run = task.at(step);
  // Drawn whatever comes of it, so that one step's fate does not change the draws of the next.
  const double draw = draws_.NextUnit();
  if (const OperatorAct* cancel = run.cancel()) {
    const OperatorAct act = *cancel;
    CancelNow(task, step, {act.actor, act.reason}, changes);
    return;
  }
  const std::optional<RetryDelay> retry =
      retry_policy_.After(run.counted(), task.TemplateOf(step), failure, draw);
  if (!retry) {
    const bool spent = Raw(run.counted()) >= task.TemplateOf(step).retry_limit;
    GiveUp(task, step, std::move(failure), cause, changes);
    if (spent) {
      changes.Tell(event_names::kStepMaxRetriesReached, task, step);
    }
    return;
  }
  changes.Move(task, step, StepInput::kFailRetryable, {cause.actor, failure.message()});
  FillStepFailedEvent(task, step, failure, changes.now(), changes.effects().events.Add());
  run.last_failure = std::make_unique<v1::Failure>(std::move(failure));
  run.next_retry_at = changes.now() + retry->delay;
  timers_.Add({run.next_retry_at, StepTimer{StepTimer::Kind::kRetry, {task.id, step}}});
  storage::v1::EventRecord& backoff = changes.Tell(event_names::kStepBackoff, task, step);
  backoff.set_backoff_us(retry->delay.count());
  backoff.set_server_requested(retry->server_requested);
  backoff.set_base_delay_us(retry->base.count());
  backoff.set_multiplier(retry->multiplier);
  backoff.set_jitter(retry->jitter);
}

void Partition::GiveUp(TaskRun& task, StepIndex step, v1::Failure failure, const Cause& cause,
                       Changes& changes) {
  StepRun& run = task.at(step);
  run.completed_at = changes.now();
  run.next_retry_at = kNever;
  if (run.extras != nullptr) run.extras->cancel.reset();
  changes.Move(task, step, StepInput::kFailFinal, {cause.actor, failure.message()});
  FillStepFailedEvent(task, step, failure, changes.now(), changes.effects().events.Add());
  run.last_failure = std::make_unique<v1::Failure>(std::move(failure));
  if (run.is_item()) ItemEnded(task, step, changes);
}

void Partition::Skip(TaskRun& task, StepIndex step, bool left_out, const Cause& cause,
                     Changes& changes) {
  StepRun& run = task.at(step);
  run.left_out = left_out;
  run.completed_at = changes.now();
  run.next_retry_at = kNever;
  changes.Move(task, step, StepInput::kSkip, cause);
  storage::v1::EventRecord& event = changes.Tell(event_names::kStepSkip, task, step);
  event.set_reason(std::string(cause.reason));
  if (!run.is_item()) CountAsDone(task, step);
}

void Partition::CountAsDone(TaskRun& task, StepIndex step) {
  const bool wanted = !task.at(step).left_out;
  for (const StepIndex child : task.task_template->dag.ChildrenOf(step)) {
    StepRun& waiting = task.at(child);
    if (wanted) ++waiting.parents_wanted;
    if (--waiting.parents_left == 0 && waiting.state == StepState::kPending) {
      task.became_ready.push_back(child);
    }
  }
}

void Partition::Proceed(TaskRun& task, Changes& changes) {
  while (IsOpen(task.state)) {
    // By index: making one ready may append more.
    for (std::size_t i = 0; i < task.became_ready.size(); ++i) {
      const StepIndex step = task.became_ready[i];
      if (task.at(step).state == StepState::kPending && !task.cancel) {
        MakeReady(task, step, changes);
      }
    }
    task.became_ready.clear();
    if (task.counts.active() > 0) return;
    if (!task.held_back.empty()) {
      const StepIndex next = task.held_back.front();
      task.held_back.pop_front();
      if (task.at(next).state == StepState::kPending) {
        Enqueue(task, next, StepInput::kReady, {}, changes);
      }
    } else if (Finish(task, changes)) {
      return;
    }
  }
  task.became_ready.clear();
}

bool Partition::Finish(TaskRun& task, Changes& changes) {
  if (task.cancel) {
    EndTask(task, TaskInput::kCancel, {task.cancel->actor, task.cancel->reason}, changes);
    return true;
  }
  if (task.compensating) {
    EndTask(task, TaskInput::kFail, {}, changes);
    return true;
  }
  std::vector<StepIndex> reserve;
  if (task.task_template->reserve_steps > 0) {
    for (std::uint32_t i = 0; i < task.steps.size(); ++i) {
      const bool waits = task.steps[i].state == StepState::kPending;
      if (waits && task.task_template->steps[i].in_reserve()) reserve.push_back(StepIndex{i});
    }
  }
  if (task.counts.done + reserve.size() == task.counts.total) {
    for (const StepIndex step : reserve) Skip(task, step, true, {"engine", "not needed"}, changes);
    if (task.state == TaskState::kPending) StartTask(task, changes);
    EndTask(task, TaskInput::kFinish, {}, changes);
    return true;
  }
  // Steps whose parents are done are active or held back, so what is left waits for one that failed
  // or was cancelled.
  Invariant(task.counts.error + task.counts.cancelled > 0);
  if (!reserve.empty()) {
    BeginCompensation(task, changes);
    return false;
  }
  EndTask(task, TaskInput::kFail, {}, changes);
  return true;
}

void Partition::EndTask(TaskRun& task, TaskInput input, const Cause& cause, Changes& changes) {
  task.completed_at = changes.now();
  changes.Move(task, input, cause);
  const char* name = input == TaskInput::kFinish ? event_names::kTaskCompleted
                     : input == TaskInput::kFail ? event_names::kTaskFailed
                                                 : event_names::kTaskCancelled;
  storage::v1::EventRecord& event = changes.effects().events.Add();
  FillTaskEndEvent(name, task, changes.now(), event);
  event.set_reason(std::string(cause.reason));
  ended_.push_back(task.id);
  if (task.parent) ended_sub_tasks_.push_back(task.id);
}

}  // namespace tasker::engine
