// Open tasks beyond what memory is meant for. A task sleeps when everything of it is in its
// records: what is left in memory is its id, the places of its ready steps in their queues and its
// timers. It is read again when a command is about it, when a handler could take one of its steps,
// or when one of its timers is due. Which task sleeps is decided where it costs nothing: a task
// that a command has changed, or that is taken up at a start, goes to sleep before the next commit
// if there are too many and it can.
#include <utility>

#include "engine/model/invariant.h"
#include "engine/partition.h"

namespace tasker::engine {
namespace {

// The task that a command names, itself or by an attempt; nullopt if it names none, or attempts
// that only handlers hold: no step of a task that sleeps has one.
std::optional<TaskId> TaskOf(const Command& command) {
  return std::visit(
      [](const auto& specific) -> std::optional<TaskId> {
        if constexpr (requires { TaskId(specific.task); }) {
          return specific.task;
        } else if constexpr (requires { AttemptToken(specific.token); }) {
          return specific.token.task;
        } else {
          return std::nullopt;
        }
      },
      command);
}

// Whether the command may be about a task that has finished.
bool MayConcernFinished(const Command& command) {
  if (const auto* create = std::get_if<CreateTask>(&command)) return create->may_exist;
  return std::holds_alternative<RepairStep>(command) || std::holds_alternative<RepairTask>(command);
}

}  // namespace

std::optional<TaskId> Partition::Wants(const Command& command) const {
  if (asleep_.empty() && !MayConcernFinished(command)) return std::nullopt;
  const std::optional<TaskId> task = TaskOf(command);
  if (!task || tasks_.contains(*task)) return std::nullopt;
  return MayConcernFinished(command) || asleep_.contains(*task) ? task : std::nullopt;
}

absl::Status Partition::Wake(StoredTask stored, Timestamp now) {
  const TaskId id = stored.id;
  const bool slept = asleep_.contains(id);
  if (absl::Status taken = TakeUp(std::move(stored), now, slept); !taken.ok()) return taken;
  if (!slept) return absl::OkStatus();
  Sleeper sleeper = Rouse(id);
  TaskRun* task = Find(id);
  if (task == nullptr) return absl::OkStatus();
  for (const Sleeper::Place& place : sleeper.places) {
    // Else it would stand behind others that became ready at the same time as it, and they would be
    // read in its stead, and so on for ever.
    if (task->at(place.step).queued) ReadyQueues::Return(*task, place.step, place.order);
  }
  for (Timer& timer : sleeper.due) timers_.Add(std::move(timer));
  return absl::OkStatus();
}

void Partition::Drop(const TaskId& id) {
  if (asleep_.contains(id)) Rouse(id);
}

Partition::Sleeper Partition::Rouse(const TaskId& id) {
  Sleeper sleeper = std::move(asleep_.extract(id).mapped());
  for (const Sleeper::Place& place : sleeper.places) {
    place.route->stalled = false;
    ReadyQueues::Vacate(*place.route, place.order);
    hot_routes_.push_back(place.route);
  }
  return sleeper;
}

bool Partition::CanSleep(const TaskRun& task) {
  const std::size_t size = task.steps.size() + task.items.size();
  // Its parent's step must find it.
  if (!IsOpen(task.state) || task.parent) return false;
  for (std::uint32_t i = 0; i < size; ++i) {
    const StepRun& run = task.at(StepIndex{i});
    if (run.holder != nullptr) return false;
    if (run.state == StepState::kInProgress && run.extras != nullptr && run.extras->sub_task) {
      return false;
    }
  }
  return true;
}

void Partition::PutToSleep(const TaskId& id) {
  const TaskRun& task = *Find(id);
  Sleeper& sleeper = asleep_[id];
  for (std::uint32_t i = 0; i < task.steps.size() + task.items.size(); ++i) {
    const StepIndex step{i};
    const StepRun& run = task.at(step);
    if (!run.queued) continue;
    sleeper.places.push_back(
        {step, ReadyQueues::RouteOf(task, step), {run.ready_order, run.arrival}});
  }
  Forget(id);
}

std::vector<TaskId> Partition::Settle() {
  std::vector<TaskId> asleep;
  for (const TaskId& id : std::exchange(unsettled_, {})) {
    if (task_memory_ <= settings_.task_memory_max) break;
    const TaskRun* task = Find(id);
    if (task == nullptr || !CanSleep(*task)) continue;
    PutToSleep(id);
    asleep.push_back(id);
  }
  return asleep;
}

void Partition::WantFirstOf(Route& route, std::uint32_t slots) {
  // Whoever is queued and not in memory sleeps; else the route would be held back for ever.
  Invariant(asleep_.contains(route.waiting.begin()->second.task));
  for (const auto& [order, ref] : route.waiting) {
    if (slots-- == 0) break;
    if (asleep_.contains(ref.task)) wanted_.push_back(ref.task);
  }
  route.stalled = true;
  ReadyQueues::List(route);
}

}  // namespace tasker::engine
