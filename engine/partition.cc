#include "engine/partition.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "engine/events/event_names.h"
#include "engine/events/event_records.h"
#include "engine/model/invariant.h"

namespace tasker::engine {
namespace {

std::string ActorOf(const HandlerInstance& holder) {
  return absl::StrCat("handler:", holder.identity->name);
}

// Timers that one command takes at most, so that many due at once do not make one huge commit.
constexpr int kTimersPerCommandMax = 1024;

// Whether a step in this state is still to be stopped when its task is cancelled.
bool EndsWithTask(StepState state) { return !IsDone(state) && state != StepState::kError; }

}  // namespace

Partition::Partition(PartitionSettings settings, std::uint64_t seed)
    : settings_(std::move(settings)), retry_policy_(settings_.retry), draws_(seed) {}

absl::Status Partition::Restore(StoredTask stored, Timestamp now) {
  absl::StatusOr<std::unique_ptr<TaskRun>> decoded = DecodeTask(std::move(stored));
  if (!decoded.ok()) return decoded.status();
  TaskRun& task = **decoded;
  tasks_.emplace(task.id, *std::move(decoded));
  for (std::uint32_t i = 0; i < task.counts.total; ++i) {
    const StepIndex step{i};
    StepRun& run = task.at(step);
    switch (run.state) {
      case StepState::kPending:
        if (run.parents_left == 0) task.held_back.push_back(step);
        break;
      case StepState::kEnqueued:
        queues_.Push(task, step);
        break;
      case StepState::kInProgress:
        Hold(handlers_.Remember(run.handler), task, step, now);
        break;
      case StepState::kWaitingForRetry:
        timers_.Add({run.next_retry_at, RetryDue{{task.id, step}}});
        break;
      default:
        break;
    }
  }
  return absl::OkStatus();
}

absl::Status Partition::Apply(Command command, Timestamp now, Effects& effects) {
  Changes changes(now, &effects);
  absl::Status answer = std::visit([&](auto& specific) { return Do(specific, changes); }, command);
  Dispatch(changes);
  changes.Flush();
  for (const TaskId& id : ended_) tasks_.erase(id);
  ended_.clear();
  return answer;
}

absl::Status Partition::Do(CreateTask& command, Changes& changes) {
  auto [place, added] = tasks_.try_emplace(command.task);
  if (!added) {
    return absl::AlreadyExistsError(
        absl::StrCat("a task ", command.task.ToString(), " exists already"));
  }
  place->second = std::make_unique<TaskRun>();
  TaskRun& task = *place->second;
  task.id = command.task;
  task.task_template = std::move(command.task_template);
  task.context = std::move(command.context);
  task.origin = std::move(command.origin);
  task.created_at = changes.now();
  const Dag& dag = task.task_template->dag;
  task.counts.total = dag.size();
  task.steps.resize(dag.size());
  changes.Create(task);
  storage::v1::EventRecord created =
      TaskEvent(event_names::kTaskInitializeRequested, task, changes.now());
  created.set_reason(task.origin.reason);
  changes.effects().events.push_back(std::move(created));
  for (std::uint32_t i = 0; i < dag.size(); ++i) {
    task.steps[i].parents_left = dag.ParentCountOf(StepIndex{i});
  }
  for (std::uint32_t i = 0; i < dag.size(); ++i) {
    if (task.steps[i].parents_left == 0) MakeReady(task, StepIndex{i}, changes);
  }
  Settle(task, changes);
  return absl::OkStatus();
}

absl::Status Partition::Do(CancelTask& command, Changes& changes) {
  TaskRun* task = Find(command.task);
  if (task == nullptr) {
    return absl::NotFoundError(absl::StrCat("no open task ", command.task.ToString()));
  }
  const Cause cause{command.actor, command.reason};
  for (std::uint32_t i = 0; i < task->counts.total; ++i) {
    const StepIndex step{i};
    StepRun& run = task->at(step);
    if (!EndsWithTask(run.state)) continue;
    if (run.state == StepState::kEnqueued) queues_.Remove(*task, step);
    if (run.state == StepState::kInProgress) {
      if (run.holder->connected()) {
        changes.effects().cancellations.push_back(
            {run.holder->session, {task->id, step, run.attempts, run.nonce}, command.reason});
      }
      Fence(run);
      TakeFromHolder(*task, step);
    }
    run.completed_at = changes.now();
    changes.Move(*task, step, StepInput::kCancel, cause);
    changes.effects().events.push_back(
        StepEvent(event_names::kStepCancelled, *task, step, changes.now()));
  }
  EndTask(*task, TaskInput::kCancel, cause, changes);
  return absl::OkStatus();
}

absl::Status Partition::Do(CompleteAttempt& command, Changes& changes) {
  const AttemptToken& token = command.token;
  TaskRun* task = Find(token.task);
  if (!IsCurrent(task, token)) {
    changes.effects().acknowledgements.push_back(
        {command.session, token, OutcomeOfLate(task, token)});
    return absl::OkStatus();
  }
  StepRun& run = task->at(token.step);
  const std::string actor = ActorOf(*run.holder);
  TakeFromHolder(*task, token.step);
  run.results = std::move(command.results);
  run.completed_at = changes.now();
  changes.Move(*task, token.step, StepInput::kSucceed, {actor, ""});
  storage::v1::EventRecord event =
      StepEvent(event_names::kStepCompleted, *task, token.step, changes.now());
  event.set_execution_duration_us((changes.now() - run.started_at).count());
  changes.effects().events.push_back(std::move(event));
  changes.effects().acknowledgements.push_back({command.session, token, ResultOutcome::kApplied});
  for (const StepIndex child : task->task_template->dag.ChildrenOf(token.step)) {
    StepRun& waiting = task->at(child);
    if (--waiting.parents_left == 0 && waiting.state == StepState::kPending) {
      MakeReady(*task, child, changes);
    }
  }
  Settle(*task, changes);
  return absl::OkStatus();
}

absl::Status Partition::Do(FailAttempt& command, Changes& changes) {
  TaskRun* task = Find(command.token.task);
  if (!IsCurrent(task, command.token)) {
    changes.effects().acknowledgements.push_back(
        {command.session, command.token, OutcomeOfLate(task, command.token)});
    return absl::OkStatus();
  }
  const std::string actor = ActorOf(*task->at(command.token.step).holder);
  changes.effects().acknowledgements.push_back(
      {command.session, command.token, ResultOutcome::kApplied});
  FailStep(*task, command.token.step, std::move(command.failure), {actor, ""}, changes);
  return absl::OkStatus();
}

absl::Status Partition::Do(FireTimers&, Changes& changes) {
  for (int taken = 0; taken < kTimersPerCommandMax; ++taken) {
    const std::optional<Timer> timer = timers_.TakeDue(changes.now());
    if (!timer) break;
    if (const auto* check = std::get_if<LeaseCheck>(&timer->what)) {
      HandlerInstance* instance = handlers_.Find(check->instance_id);
      if (instance != nullptr && instance->lease_check_at == timer->at) {
        CheckLeases(*instance, changes);
      }
      continue;
    }
    const StepRef& ref = std::get<RetryDue>(timer->what).step;
    TaskRun* task = Find(ref.task);
    if (task == nullptr) continue;
    StepRun& run = task->at(ref.step);
    if (run.state != StepState::kWaitingForRetry || run.next_retry_at != timer->at) continue;
    run.next_retry_at = kNever;
    changes.effects().events.push_back(
        StepEvent(event_names::kStepRetryRequested, *task, ref.step, changes.now()));
    Enqueue(*task, ref.step, StepInput::kRetryDue, {}, changes);
  }
  return absl::OkStatus();
}

TaskRun* Partition::Find(const TaskId& id) {
  const auto found = tasks_.find(id);
  // A task that the command under way has ended is still there, but no longer open.
  return found == tasks_.end() || !IsOpen(found->second->state) ? nullptr : found->second.get();
}

bool Partition::IsCurrent(const TaskRun* task, const AttemptToken& token) {
  if (task == nullptr || Raw(token.step) >= task->steps.size()) return false;
  const StepRun& run = task->at(token.step);
  return run.state == StepState::kInProgress && run.attempts == token.attempt &&
         run.nonce == token.nonce;
}

ResultOutcome Partition::OutcomeOfLate(const TaskRun* task, const AttemptToken& token) {
  if (task == nullptr) return ResultOutcome::kNotOpen;
  if (Raw(token.step) >= task->steps.size()) return ResultOutcome::kStale;
  const StepRun& run = task->at(token.step);
  // The nonce is drawn at each hand-out and wiped where anything but a result ends the attempt, so
  // the same nonce means that it was this result.
  const bool ended_by_this = run.attempts == token.attempt && run.nonce == token.nonce;
  return ended_by_this ? ResultOutcome::kAlreadyApplied : ResultOutcome::kStale;
}

void Partition::MakeReady(TaskRun& task, StepIndex step, Changes& changes) {
  if (!task.task_template->concurrent && task.counts.active() > 0) {
    task.held_back.push_back(step);
    return;
  }
  Enqueue(task, step, StepInput::kReady, {}, changes);
}

void Partition::Enqueue(TaskRun& task, StepIndex step, StepInput input, const Cause& cause,
                        Changes& changes) {
  changes.Move(task, step, input, cause);
  task.at(step).enqueued_at = changes.now();
  hot_routes_.push_back(&queues_.Push(task, step));
}

void Partition::FailStep(TaskRun& task, StepIndex step, v1::Failure failure, const Cause& cause,
                         Changes& changes) {
  StepRun& run = task.at(step);
  TakeFromHolder(task, step);
  const std::optional<RetryDelay> retry =
      retry_policy_.After(run.attempts, task.TemplateOf(step), failure, draws_.NextUnit());
  changes.Move(task, step, retry ? StepInput::kFailRetryable : StepInput::kFailFinal,
               {cause.actor, failure.message()});
  storage::v1::EventRecord failed = StepEvent(event_names::kStepFailed, task, step, changes.now());
  failed.set_error_class(failure.error_class());
  failed.set_error_message(failure.message());
  failed.set_backtrace(failure.backtrace());
  failed.set_execution_duration_us((changes.now() - run.started_at).count());
  changes.effects().events.push_back(std::move(failed));
  run.last_failure = std::make_unique<v1::Failure>(std::move(failure));
  if (retry) {
    run.next_retry_at = changes.now() + retry->delay;
    timers_.Add({run.next_retry_at, RetryDue{{task.id, step}}});
    storage::v1::EventRecord backoff =
        StepEvent(event_names::kStepBackoff, task, step, changes.now());
    backoff.set_backoff_us(retry->delay.count());
    backoff.set_server_requested(retry->server_requested);
    changes.effects().events.push_back(std::move(backoff));
    return;
  }
  run.completed_at = changes.now();
  if (Raw(run.attempts) >= task.TemplateOf(step).retry_limit) {
    changes.effects().events.push_back(
        StepEvent(event_names::kStepMaxRetriesReached, task, step, changes.now()));
  }
  Settle(task, changes);
}

void Partition::TakeFromHolder(TaskRun& task, StepIndex step) {
  HandlerInstance* holder = std::exchange(task.at(step).holder, nullptr);
  if (holder->connected()) freed_sessions_.push_back(holder->session);
  handlers_.Release(*holder, {task.id, step}, queues_.RouteOf(*task.task_template, step).key);
}

void Partition::Settle(TaskRun& task, Changes& changes) {
  if (task.counts.active() > 0) return;
  if (!task.held_back.empty()) {
    const StepIndex next = task.held_back.front();
    task.held_back.pop_front();
    Enqueue(task, next, StepInput::kReady, {}, changes);
    return;
  }
  if (task.counts.done == task.counts.total) {
    if (task.state == TaskState::kPending) changes.Move(task, TaskInput::kStart);
    EndTask(task, TaskInput::kFinish, {}, changes);
    return;
  }
  // Steps whose parents are done are active or held back, so what is left waits for a failed one.
  Invariant(task.counts.error > 0);
  EndTask(task, TaskInput::kFail, {}, changes);
}

void Partition::EndTask(TaskRun& task, TaskInput input, const Cause& cause, Changes& changes) {
  task.completed_at = changes.now();
  changes.Move(task, input, cause);
  const char* name = input == TaskInput::kFinish ? event_names::kTaskCompleted
                     : input == TaskInput::kFail ? event_names::kTaskFailed
                                                 : event_names::kTaskCancelled;
  storage::v1::EventRecord event = TaskEndEvent(name, task, changes.now());
  event.set_reason(std::string(cause.reason));
  changes.effects().events.push_back(std::move(event));
  ended_.push_back(task.id);
}

}  // namespace tasker::engine
