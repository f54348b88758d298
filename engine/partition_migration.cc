// Moving a task to another version of its template: one command, one commit. What is under way at
// handlers goes on under the token that it was handed out with.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "engine/events/event_names.h"
#include "engine/events/event_records.h"
#include "engine/flow/decision.h"
#include "engine/flow/step_scope.h"
#include "engine/migration/task_move.h"
#include "engine/model/invariant.h"
#include "engine/partition.h"

namespace tasker::engine {
namespace {

std::uint32_t SizeOf(const TaskRun& task) {
  return static_cast<std::uint32_t>(task.steps.size() + task.items.size());
}

// An attempt that is under way or planned is made, as the last, if the new limit is below it.
void Forgive(TaskRun& task, StepIndex step, Changes& changes) {
  StepRun& run = task.at(step);
  const bool under_way = run.state == StepState::kInProgress;
  const bool planned =
      run.state == StepState::kEnqueued || run.state == StepState::kWaitingForRetry;
  if (!under_way && !planned) return;
  const std::uint32_t limit = std::max(1u, task.TemplateOf(step).retry_limit);
  const std::uint32_t made = under_way ? limit : limit - 1;
  if (Raw(run.counted()) <= made) return;
  run.forgiven = AttemptNumber{Raw(run.attempts) - made};
  changes.Save(task, step);
}

}  // namespace

absl::Status Partition::Do(MigrateTask& command, Changes& changes) {
  TaskRun* task = Find(command.task);
  if (task == nullptr) {
    return absl::NotFoundError(absl::StrCat("no open task ", command.task.ToString()));
  }
  const TemplateId from = task->task_template->id;
  TaskTemplatePtr& wanted =
      task->task_template->initialized() ? command.to_initialized : command.to;
  const TemplateId& to = command.to->id;
  if (from.namespace_name != to.namespace_name || from.name != to.name) {
    return absl::InvalidArgumentError(absl::StrCat("task ", task->id.ToString(), " runs on ",
                                                   from.ToString(), ", of which ", to.ToString(),
                                                   " is no version"));
  }
  if (from.version == to.version) return absl::OkStatus();
  const VersionDiff diff(task->task_template, std::move(wanted));
  const MovePlan plan = PlanMove(diff, *task, changes.now());
  if (!plan.can_move()) {
    return absl::FailedPreconditionError(absl::StrCat("task ", task->id.ToString(),
                                                      " cannot move to ", diff.to()->id.ToString(),
                                                      ":\n", ToString(plan.obstacles)));
  }
  Detach(*task);
  const std::string why = absl::StrCat("by version ", diff.to()->id.version);
  for (const StepIndex step : plan.plan_anew) {
    task->at(step).enqueued_at = kNever;
    changes.Move(*task, step, StepInput::kPlanAnew, {command.actor, why});
  }
  MoveTo(*task, diff, changes);
  if (command.context != nullptr) task->context = std::move(command.context);
  FollowPlan(*task, diff, plan, changes);
  Attach(*task);
  changes.NoteMove(*task, from.version, {command.actor, command.reason});
  storage::v1::EventRecord& event = changes.Tell(event_names::kTaskMigrated, *task);
  event.set_from_version(from.version);
  event.set_reason(command.reason);
  GoOn(*task, plan, changes);
  return absl::OkStatus();
}

void Partition::Detach(TaskRun& task) {
  for (std::uint32_t i = 0; i < SizeOf(task); ++i) {
    const StepIndex step{i};
    StepRun& run = task.at(step);
    if (run.queued) queues_.Remove(task, step);
    if (run.holder == nullptr) continue;
    Route& route = *ReadyQueues::RouteOf(task, step);
    handlers_.Release(*std::exchange(run.holder, nullptr), {task.id, step}, route.key);
    if (queues_.Finished(route)) OfferAgain(route);
  }
}

void Partition::Attach(TaskRun& task) {
  queues_.Introduce(task);
  for (std::uint32_t i = 0; i < SizeOf(task); ++i) {
    const StepIndex step{i};
    StepRun& run = task.at(step);
    if (i >= task.steps.size() && !run.is_item()) continue;
    if (run.state == StepState::kEnqueued && !task.by_engine(step) && !task.pause) {
      const Route::Order place{run.ready_order, run.arrival};
      Offer(task, step);
      ReadyQueues::Return(task, step, place);
    }
    if (run.state == StepState::kInProgress && run.handler != nullptr && run.nonce != 0 &&
        !run.deferred()) {
      const Route& route = *ReadyQueues::RouteOf(task, step);
      HandlerInstance& instance = handlers_.Remember(run.handler);
      run.holder = &instance;
      handlers_.Hold(instance, {task.id, step}, route.key);
      queues_.Started(*ReadyQueues::RouteOf(task, step));
      // The lease goes on; only where it stands has changed.
      if (instance.lease_check_at == kNever || run.lease_until < instance.lease_check_at) {
        PlanLeaseCheck(instance, run.lease_until);
      }
    }
    AddTimers(task, step);
  }
}

void Partition::FollowPlan(TaskRun& task, const VersionDiff& diff, const MovePlan& plan,
                           Changes& changes) {
  if (plan.deadline_at != task.deadline_at) {
    task.deadline_at = plan.deadline_at;
    if (task.deadline_at != kNever) timers_.Add({task.deadline_at, TaskDeadline{task.id}});
  }
  for (const auto& [step, at] : plan.wakes) {
    task.at(step).More().wake_at = at;
    changes.Save(task, step);
  }
  for (std::uint32_t i = 0; i < SizeOf(task); ++i) {
    const StepIndex step{i};
    StepRun& run = task.at(step);
    if (i >= task.steps.size() && !run.is_item()) continue;
    Forgive(task, step, changes);
    if (run.state == StepState::kEnqueued) {
      const StepIndex before = *diff.Before(task.TemplateStep(step));
      const Duration limit = task.TemplateOf(step).timeouts.schedule_to_start;
      // Nobody was told of it before, so it counts from now.
      if (limit != diff.from().steps[Raw(before)].timeouts.schedule_to_start) {
        run.enqueued_at = changes.now();
        changes.Save(task, step);
      }
    }
    if (run.state != StepState::kInProgress || run.extras == nullptr || !run.extras->sub_task) {
      continue;
    }
    TaskRun* below = Find(*run.extras->sub_task);
    if (below == nullptr) {
      // Asked for and not there yet; or a crash has lost it, and it was to be asked for again.
      timers_.Add({changes.now(), StepTimer{StepTimer::Kind::kSubTask, {task.id, step}}});
      continue;
    }
    if (below->parent->step.step == step) continue;
    below->parent->step.step = step;
    below->parent->moves = task.moves();
    changes.Save(*below);
  }
}

void Partition::GoOn(TaskRun& task, const MovePlan& plan, Changes& changes) {
  for (const StepIndex decision : plan.choose_anew) {
    const auto chosen = ChosenBranches(*task.task_template, decision, StepScope(task, decision));
    Invariant(chosen.ok());
    LeaveOut(task, decision, *chosen, changes);
  }
  for (std::uint32_t i = 0; i < task.steps.size(); ++i) {
    const StepRun& run = task.steps[i];
    if (run.items() != nullptr && run.state == StepState::kInProgress) {
      // More of them may be let run at a time than before.
      StartItems(task, StepIndex{i}, changes);
      EndItemsIfAllEnded(task, StepIndex{i}, changes);
    }
  }
  task.held_back.clear();
  task.became_ready.clear();
  for (std::uint32_t i = 0; i < task.steps.size(); ++i) {
    const StepRun& run = task.steps[i];
    const bool ready = run.state == StepState::kPending && run.parents_left == 0;
    if (ready && !task.task_template->steps[i].in_reserve()) {
      task.became_ready.push_back(StepIndex{i});
    }
  }
  Proceed(task, changes);
}

}  // namespace tasker::engine
