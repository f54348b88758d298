// What a partition does when time runs out.
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

#include "engine/events/event_names.h"
#include "engine/events/event_records.h"
#include "engine/flow/step_scope.h"
#include "engine/model/error_classes.h"
#include "engine/partition.h"

namespace tasker::engine {
namespace {

// Timers that one command takes at most, so that many due at once do not make one huge commit.
constexpr int kTimersPerCommandMax = 1024;

std::string Text(Duration span) { return absl::FormatDuration(absl::Microseconds(span.count())); }

}  // namespace

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
    const auto* deadline = std::get_if<TaskDeadline>(&timer->what);
    const TaskId task =
        deadline != nullptr ? deadline->task : std::get<StepTimer>(timer->what).step.task;
    if (const auto sleeper = asleep_.find(task); sleeper != asleep_.end()) {
      sleeper->second.due.push_back(*timer);
      wanted_.push_back(task);
    } else if (deadline != nullptr) {
      Fire(*deadline, timer->at, changes);
    } else {
      Fire(std::get<StepTimer>(timer->what), timer->at, changes);
    }
  }
  return absl::OkStatus();
}

void Partition::Fire(const StepTimer& timer, Timestamp at, Changes& changes) {
  using Kind = StepTimer::Kind;
  TaskRun* task = Find(timer.step.task);
  const StepIndex step = timer.step.step;
  if (task == nullptr || !task->has(step)) return;
  StepRun& run = task->at(step);
  // What was dropped by a rerun belongs to no step of the template any more.
  if (Raw(step) >= task->steps.size() && !run.is_item()) return;
  const StepTemplate& kind = task->TemplateOf(step);
  const bool running = run.state == StepState::kInProgress;
  switch (timer.kind) {
    case Kind::kRetry:
      if (run.state != StepState::kWaitingForRetry || run.next_retry_at != at) return;
      run.next_retry_at = kNever;
      changes.Tell(event_names::kStepRetryRequested, *task, step);
      Enqueue(*task, step, StepInput::kRetryDue, {}, changes);
      break;
    case Kind::kScheduleToStart: {
      const Duration limit = kind.timeouts.schedule_to_start;
      if (run.state != StepState::kEnqueued || run.enqueued_at + limit > at) return;
      const Route* route = ReadyQueues::RouteOf(*task, step);
      if (task->pause || (route != nullptr && (route->use->paused || route->pool->paused))) {
        // Nobody could have taken it.
        timers_.Add({changes.now() + limit, timer});
        return;
      }
      queues_.Remove(*task, step);
      run.attempts = AttemptNumber{Raw(run.attempts) + 1};
      run.nonce = 0;
      run.started_at = kNever;
      FailStep(*task, step,
               MakeFailure(kScheduleToStartTimeout,
                           absl::StrCat("no handler took the step within ", Text(limit))),
               {}, changes);
      break;
    }
    case Kind::kStartToClose:
      if (!running || run.started_at + kind.timeouts.start_to_close != at) return;
      if (run.holder == nullptr && !run.deferred() &&
          (run.extras == nullptr || !run.extras->sub_task)) {
        return;
      }
      TimeOut(*task, step, kStartToCloseTimeout,
              absl::StrCat("the attempt took longer than ", Text(kind.timeouts.start_to_close)),
              changes);
      break;
    case Kind::kWake:
      if (!running || run.extras == nullptr || run.extras->wake_at != at) return;
      run.extras->wake_at = kNever;
      if (run.deferred()) {
        TimeOut(*task, step, kDeferredTimeout, "the deferred attempt was not completed in time",
                changes);
        break;
      }
      if (kind.wait->signal.empty()) {
        Succeed(*task, step, MakePayload("{}"), {}, changes);
      } else {
        GiveUp(*task, step,
               MakeFailure(kSignalTimeout,
                           absl::StrCat("the signal `", kind.wait->signal, "` did not come within ",
                                        Text(kind.wait->timeout)),
                           false),
               {}, changes);
      }
      break;
    case Kind::kCancelGrace: {
      const OperatorAct* cancel = run.cancel();
      if (!running || cancel == nullptr || cancel->at != at || run.holder == nullptr) return;
      const OperatorAct act = *cancel;
      Recall(*task, step, act.reason, changes);
      CancelNow(*task, step, {act.actor, act.reason}, changes);
      break;
    }
    case Kind::kSubTask: {
      const bool waits = running && run.extras != nullptr && run.extras->sub_task;
      if (!waits || FindAny(*run.extras->sub_task) != nullptr) return;
      Payload context = task->context;
      if (const ExpressionPtr& expression = kind.sub_task->context) {
        absl::StatusOr<std::string> value = expression->Json(StepScope(*task, step));
        if (!value.ok()) return;
        context = MakePayload(*std::move(value));
      }
      RequestSubTask(*task, step, std::move(context), changes);
      return;
    }
  }
  Proceed(*task, changes);
}

void Partition::Fire(const TaskDeadline& timer, Timestamp at, Changes& changes) {
  TaskRun* task = Find(timer.task);
  if (task == nullptr || task->deadline_at != at || task->compensating || task->cancel) return;
  const std::string why = absl::StrCat("the task took longer than ", Text(at - task->created_at));
  task->deadline_at = kNever;
  task->held_back.clear();
  changes.Note(*task, {"engine", why});
  // No item may begin while the others end.
  for (StepRun& each : task->steps) {
    if (each.items() != nullptr) each.items()->starting = true;
  }
  const auto steps = static_cast<std::uint32_t>(task->steps.size());
  const auto items = static_cast<std::uint32_t>(task->items.size());
  for (std::uint32_t k = 0; k < steps + items; ++k) {
    const StepIndex step{k < items ? steps + k : k - items};
    const StepState state = task->at(step).state;
    if (state == StepState::kEnqueued || state == StepState::kInProgress ||
        state == StepState::kWaitingForRetry) {
      TimeOut(*task, step, kTaskDeadlineExceeded, why, changes);
    }
  }
  for (StepRun& each : task->steps) {
    if (each.items() != nullptr) each.items()->starting = false;
  }
  Proceed(*task, changes);
}

void Partition::TimeOut(TaskRun& task, StepIndex step, std::string_view error_class,
                        std::string message, Changes& changes) {
  StepRun& run = task.at(step);
  const bool for_good = error_class == kTaskDeadlineExceeded;
  queues_.Remove(task, step);
  if (run.holder != nullptr) Recall(task, step, message, changes);
  if (run.deferred()) run.nonce = 0;
  if (run.state == StepState::kInProgress && run.extras != nullptr && run.extras->sub_task) {
    TaskRun* below = Find(*run.extras->sub_task);
    run.extras->sub_task.reset();
    if (below != nullptr && !below->cancel) {
      CancelOpenTask(*below, {"engine", message, changes.now()}, changes);
    }
  }
  v1::Failure failure = MakeFailure(error_class, std::move(message), !for_good);
  if (for_good) {
    GiveUp(task, step, std::move(failure), {}, changes);
  } else {
    FailStep(task, step, std::move(failure), {}, changes);
  }
}

}  // namespace tasker::engine
