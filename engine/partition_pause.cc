// Pausing and resuming: single tasks, and templates, namespaces and handler classes.
#include "absl/strings/str_cat.h"

#include "engine/partition.h"

namespace tasker::engine {
namespace {

// Calls `visit` for each step and item of the task that is enqueued.
void ForEachEnqueued(TaskRun& task, const auto& visit) {
  const auto all = static_cast<std::uint32_t>(task.steps.size() + task.items.size());
  for (std::uint32_t i = 0; i < all; ++i) {
    if (task.at(StepIndex{i}).state == StepState::kEnqueued) visit(StepIndex{i});
  }
}

}  // namespace

absl::Status Partition::Do(PauseTask& command, Changes& changes) {
  TaskRun* task = Find(command.task);
  if (task == nullptr) {
    return absl::NotFoundError(absl::StrCat("no open task ", command.task.ToString()));
  }
  if (task->pause) return absl::OkStatus();
  task->pause = OperatorAct{command.actor, command.reason, changes.now()};
  changes.Note(*task, {command.actor, absl::StrCat("paused: ", command.reason)});
  ForEachEnqueued(*task, [&](StepIndex step) { queues_.Remove(*task, step); });
  return absl::OkStatus();
}

absl::Status Partition::Do(ResumeTask& command, Changes& changes) {
  TaskRun* task = Find(command.task);
  if (task == nullptr) {
    return absl::NotFoundError(absl::StrCat("no open task ", command.task.ToString()));
  }
  if (!task->pause) return absl::OkStatus();
  task->pause.reset();
  changes.Note(*task, {command.actor, absl::StrCat("resumed: ", command.reason)});
  ForEachEnqueued(*task, [&](StepIndex step) {
    if (task->by_engine(step)) {
      Begin(*task, step, changes);
    } else if (!task->at(step).queued) {
      Offer(*task, step);
    }
  });
  Proceed(*task, changes);
  return absl::OkStatus();
}

absl::Status Partition::Do(PauseScope& command, Changes& changes) {
  const auto [place, added] =
      pauses_.try_emplace(command.scope, OperatorAct{command.actor, command.reason, changes.now()});
  if (!added) return absl::OkStatus();
  queues_.SetPaused(command.scope, true);
  changes.effects().records.push_back({.kind = RecordWrite::Kind::kPauses,
                                       .task = {},
                                       .value = Encode(pauses_).SerializeAsString()});
  return absl::OkStatus();
}

absl::Status Partition::Do(ResumeScope& command, Changes& changes) {
  if (pauses_.erase(command.scope) == 0) return absl::OkStatus();
  queues_.SetPaused(command.scope, false);
  changes.effects().records.push_back({.kind = RecordWrite::Kind::kPauses,
                                       .task = {},
                                       .value = Encode(pauses_).SerializeAsString()});
  // Everything that could have waited for this is looked at again.
  for (const SessionId session : handlers_.Sessions()) freed_sessions_.push_back(session);
  return absl::OkStatus();
}

}  // namespace tasker::engine
