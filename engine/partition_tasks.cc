// Partition's commands about tasks as such: creating them, and giving them signals.
#include "absl/strings/str_cat.h"

#include "engine/events/event_names.h"
#include "engine/events/event_records.h"
#include "engine/partition.h"

namespace tasker::engine {
namespace {

// What a task keeps of signals that no step has taken.
constexpr std::size_t kSignalsMax = 1000;

// The first step that waits for the signal now.
std::optional<StepIndex> StepAwaiting(const TaskRun& task, std::string_view signal) {
  for (std::uint32_t i = 0; i < task.steps.size(); ++i) {
    const std::optional<Wait>& wait = task.task_template->steps[i].wait;
    if (task.steps[i].state == StepState::kInProgress && wait && wait->signal == signal) {
      return StepIndex{i};
    }
  }
  return std::nullopt;
}

}  // namespace

absl::Status Partition::Do(CreateTask& command, Changes& changes) {
  const TaskTemplate& task_template = *command.task_template;
  for (const StepIndex step : command.bypass) {
    if (task_template.steps[Raw(step)].skippable) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("bypass_steps: the template does not make step `",
                     task_template.steps[Raw(step)].name, "` skippable"));
  }
  if (command.parent) {
    StepRef& above = command.parent->step;
    const TaskRun* task = Find(above.task);
    const auto step = task == nullptr ? std::nullopt : task->StepRunning(command.task, above.step);
    if (!step) {
      return absl::FailedPreconditionError("the step that wanted the task no longer waits for it");
    }
    above.step = *step;
    command.parent->moves = task->moves();
  }
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
  task.priority = command.priority.value_or(task_template.priority);
  task.parent = command.parent;
  task.created_at = changes.now();
  queues_.Introduce(task);
  const Dag& dag = task_template.dag;
  task.counts.total = dag.size();
  task.steps.resize(dag.size());
  if (task_template.deadline > Duration::zero()) {
    task.deadline_at = changes.now() + task_template.deadline;
    timers_.Add({task.deadline_at, TaskDeadline{task.id}});
  }
  changes.Create(task, command.stored_context != nullptr ? command.stored_context : task.context);
  storage::v1::EventRecord& created = changes.Tell(event_names::kTaskInitializeRequested, task);
  created.set_reason(task.origin.reason);
  for (std::uint32_t i = 0; i < dag.size(); ++i) {
    task.steps[i].parents_left = dag.ParentCountOf(StepIndex{i});
  }
  for (const StepIndex step : command.bypass) {
    if (task.at(step).state != StepState::kPending) continue;
    Skip(task, step, false, {task.origin.initiator, "bypassed on creation"}, changes);
  }
  for (std::uint32_t i = 0; i < dag.size(); ++i) {
    const bool root = dag.ParentCountOf(StepIndex{i}) == 0;
    if (root && !task_template.steps[i].in_reserve()) task.became_ready.push_back(StepIndex{i});
  }
  Proceed(task, changes);
  return absl::OkStatus();
}

absl::Status Partition::Do(RefuseSubTask& command, Changes& changes) {
  const StepRef& above = command.parent;
  TaskRun* task = Find(above.task);
  const auto step =
      task == nullptr ? std::nullopt : task->StepRunning(command.sub_task, above.step);
  if (!step) return absl::OkStatus();
  FailStep(*task, *step, std::move(command.failure), {}, changes);
  Proceed(*task, changes);
  return absl::OkStatus();
}

absl::Status Partition::Do(SignalTask& command, Changes& changes) {
  TaskRun* task = Find(command.task);
  if (task == nullptr) {
    return absl::NotFoundError(absl::StrCat("no open task ", command.task.ToString()));
  }
  const std::string why = absl::StrCat("signal ", command.name);
  if (const auto step = StepAwaiting(*task, command.name)) {
    Succeed(*task, *step, std::move(command.payload), {command.actor, why}, changes);
    Proceed(*task, changes);
    return absl::OkStatus();
  }
  if (task->signals.size() >= kSignalsMax) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "the task keeps ", kSignalsMax, " signals that no step has taken; it keeps no more"));
  }
  task->signals.push_back({command.name, std::move(command.payload), command.actor});
  changes.Note(*task, {command.actor, why});
  return absl::OkStatus();
}

}  // namespace tasker::engine
