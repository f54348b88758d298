#include "engine/states/task_machine.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"

namespace tasker::engine {
namespace {

using enum TaskInput;
using S = TaskState;

constexpr std::array kTransitions = {
    TaskTransition{S::kPending, kStart, S::kInProgress},
    TaskTransition{S::kPending, kFail, S::kError},
    TaskTransition{S::kPending, kCancel, S::kCancelled},

    TaskTransition{S::kInProgress, kFinish, S::kComplete},
    TaskTransition{S::kInProgress, kFail, S::kError},
    TaskTransition{S::kInProgress, kCancel, S::kCancelled},

    TaskTransition{S::kError, kOperatorRetry, S::kPending},
    TaskTransition{S::kError, kOperatorResolve, S::kResolvedManually},

    TaskTransition{S::kComplete, kRerun, S::kPending},
    TaskTransition{S::kError, kRerun, S::kPending},
    TaskTransition{S::kCancelled, kRerun, S::kPending},
    TaskTransition{S::kResolvedManually, kRerun, S::kPending},

    // An administrator's override, kept from the Rails engine.
    TaskTransition{S::kComplete, kCancel, S::kCancelled},
    TaskTransition{S::kResolvedManually, kCancel, S::kCancelled},
};

}  // namespace

std::span<const TaskTransition> TaskTransitions() { return kTransitions; }

std::string StatesAllowing(TaskInput input) {
  std::string states;
  for (const TaskTransition& transition : kTransitions) {
    if (transition.input != input) continue;
    absl::StrAppend(&states, states.empty() ? "" : " or ", std::string(NameOf(transition.from)));
  }
  return states;
}

std::optional<TaskState> NextState(TaskState from, TaskInput input) {
  const auto found = std::ranges::find_if(kTransitions, [&](const TaskTransition& transition) {
    return transition.from == from && transition.input == input;
  });
  if (found == kTransitions.end()) return std::nullopt;
  return found->to;
}

bool IsOpen(TaskState state) { return state == S::kPending || state == S::kInProgress; }

std::string_view NameOf(TaskState state) {
  switch (state) {
    case S::kPending:
      return "pending";
    case S::kInProgress:
      return "in_progress";
    case S::kComplete:
      return "complete";
    case S::kError:
      return "error";
    case S::kCancelled:
      return "cancelled";
    case S::kResolvedManually:
      return "resolved_manually";
  }
  return "unknown";
}

std::string_view NameOf(TaskInput input) {
  switch (input) {
    case kStart:
      return "start";
    case kFinish:
      return "finish";
    case kFail:
      return "fail";
    case kOperatorRetry:
      return "operator_retry";
    case kOperatorResolve:
      return "operator_resolve";
    case kCancel:
      return "cancel";
    case kRerun:
      return "rerun";
  }
  return "unknown";
}

}  // namespace tasker::engine
