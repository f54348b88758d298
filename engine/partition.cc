#include "engine/partition.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tasker::engine {
namespace {

// Whether a handler was given the step's newest attempt, as the records tell.
bool IsHeld(const StepRun& run) {
  return run.state == StepState::kInProgress && run.handler != nullptr && run.nonce != 0 &&
         !run.deferred();
}

}  // namespace

Partition::Partition(PartitionSettings settings, std::uint64_t seed)
    : settings_(std::move(settings)),
      retry_policy_(settings_.retry),
      draws_(seed),
      queues_(settings_.order, settings_.class_limits) {}

absl::Status Partition::Apply(Command command, Timestamp now, Effects& effects) {
  Changes changes(now, &effects, &scratch_);
  absl::Status answer = std::visit([&](auto& specific) { return Do(specific, changes); }, command);
  TellParents(changes);
  Dispatch(changes);
  for (TaskRun* task : changes.Flush()) {
    Count(*task);
    if (settings_.task_memory_max != 0) unsettled_.push_back(task->id);
  }
  for (const TaskId& id : ended_) {
    const TaskRun* task = FindAny(id);
    if (task != nullptr && !IsOpen(task->state)) Forget(id);
  }
  ended_.clear();
  return answer;
}

void Partition::Restore(const storage::v1::PausesRecord& pauses) {
  pauses_ = Decode(pauses);
  for (const auto& [key, act] : pauses_) queues_.SetPaused(key, true);
}

absl::Status Partition::Restore(StoredTask stored, Timestamp now) {
  return TakeUp(std::move(stored), now, false);
}

absl::Status Partition::TakeUp(StoredTask stored, Timestamp now, bool slept) {
  if (tasks_.contains(stored.id)) {
    return absl::AlreadyExistsError(
        absl::StrCat("task ", stored.id.ToString(), " is in memory already"));
  }
  absl::StatusOr<std::unique_ptr<TaskRun>> decoded = DecodeTask(std::move(stored));
  if (!decoded.ok()) return decoded.status();
  TaskRun& task = **decoded;
  queues_.Introduce(task);
  for (std::uint32_t i = 0; i < task.steps.size(); ++i) {
    if (task.steps[i].items() == nullptr) continue;
    if (absl::Status items = RestoreItems(task, StepIndex{i}); !items.ok()) return items;
  }
  for (std::uint32_t i = 0; i < task.steps.size() + task.items.size(); ++i) {
    const StepRun& run = task.at(StepIndex{i});
    const bool item_or_step = i < task.steps.size() || run.is_item();
    if (item_or_step && IsHeld(run) && ReadyQueues::RouteOf(task, StepIndex{i}) == nullptr) {
      return absl::DataLossError(absl::StrCat("task ", task.id.ToString(), ": its step `",
                                              task.NameOf(StepIndex{i}),
                                              "` is at a handler, and none does such steps"));
    }
  }
  tasks_[task.id] = *std::move(decoded);
  Count(task);
  if (!IsOpen(task.state)) {
    ended_.push_back(task.id);
    return absl::OkStatus();
  }
  if (settings_.task_memory_max != 0) unsettled_.push_back(task.id);
  if (task.deadline_at != kNever && !slept) timers_.Add({task.deadline_at, TaskDeadline{task.id}});
  const auto all = static_cast<std::uint32_t>(task.steps.size() + task.items.size());
  for (std::uint32_t i = 0; i < all; ++i) {
    const StepIndex step{i};
    StepRun& run = task.at(step);
    if (i >= task.steps.size() && !run.is_item()) continue;
    switch (run.state) {
      case StepState::kPending:
        if (run.parents_left == 0 && !run.is_item() && !task.TemplateOf(step).in_reserve()) {
          task.held_back.push_back(step);
        }
        break;
      case StepState::kEnqueued:
        if (!task.by_engine(step) && !task.pause) queues_.Push(task, step);
        break;
      case StepState::kInProgress:
        if (IsHeld(run)) {
          queues_.Started(*ReadyQueues::RouteOf(task, step));
          Hold(handlers_.Remember(run.handler), task, step, true, now);
        } else if (run.extras != nullptr && run.extras->sub_task && !slept) {
          timers_.Add({now, StepTimer{StepTimer::Kind::kSubTask, {task.id, step}}});
        }
        break;
      default:
        break;
    }
    if (!slept) AddTimers(task, step);
  }
  if (task.compensating) {
    const std::vector<StepIndex> plan = PlanCompensation(task);
    task.held_back.assign(plan.begin(), plan.end());
  }
  return absl::OkStatus();
}

void Partition::AddTimers(const TaskRun& task, StepIndex step) {
  const StepRun& run = task.at(step);
  const StepTimeouts& timeouts = task.TemplateOf(step).timeouts;
  const auto add = [&](Timestamp at, StepTimer::Kind kind) {
    timers_.Add({at, StepTimer{kind, {task.id, step}}});
  };
  if (run.state == StepState::kEnqueued && timeouts.schedule_to_start > Duration::zero()) {
    add(run.enqueued_at + timeouts.schedule_to_start, StepTimer::Kind::kScheduleToStart);
  }
  if (run.state == StepState::kWaitingForRetry) add(run.next_retry_at, StepTimer::Kind::kRetry);
  if (run.state != StepState::kInProgress) return;
  if (run.extras != nullptr && run.extras->wake_at != kNever) {
    add(run.extras->wake_at, StepTimer::Kind::kWake);
  }
  if (const OperatorAct* cancel = run.cancel()) add(cancel->at, StepTimer::Kind::kCancelGrace);
  if (timeouts.start_to_close > Duration::zero()) {
    add(run.started_at + timeouts.start_to_close, StepTimer::Kind::kStartToClose);
  }
}

void Partition::Count(TaskRun& task) {
  const std::size_t bytes = task.Footprint();
  task_memory_ += bytes - std::exchange(task.counted_bytes, bytes);
}

void Partition::Forget(const TaskId& id) {
  const auto found = tasks_.find(id);
  task_memory_ -= found->second->counted_bytes;
  tasks_.erase(found);
}

TaskRun* Partition::FindAny(const TaskId& id) {
  const auto found = tasks_.find(id);
  return found == tasks_.end() ? nullptr : found->second.get();
}

TaskRun* Partition::Find(const TaskId& id) {
  // A task that the command under way has ended is still there, but no longer open.
  TaskRun* task = FindAny(id);
  return task == nullptr || !IsOpen(task->state) ? nullptr : task;
}

const TaskRun* Partition::Look(const TaskId& id) const {
  return const_cast<Partition*>(this)->Find(id);
}

}  // namespace tasker::engine
