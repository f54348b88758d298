#include "engine/states/step_machine.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"

namespace tasker::engine {
namespace {

using enum StepInput;
using S = StepState;

constexpr std::array kTransitions = {
    StepTransition{S::kPending, kReady, S::kEnqueued},
    StepTransition{S::kPending, kSkip, S::kSkipped},
    StepTransition{S::kPending, kOperatorResolve, S::kResolvedManually},
    StepTransition{S::kPending, kFailFinal, S::kError},
    StepTransition{S::kPending, kCancel, S::kCancelled},

    StepTransition{S::kEnqueued, kAssign, S::kInProgress},
    StepTransition{S::kEnqueued, kFailRetryable, S::kWaitingForRetry},
    StepTransition{S::kEnqueued, kFailFinal, S::kError},
    StepTransition{S::kEnqueued, kSkip, S::kSkipped},
    StepTransition{S::kEnqueued, kOperatorResolve, S::kResolvedManually},
    StepTransition{S::kEnqueued, kCancel, S::kCancelled},
    StepTransition{S::kEnqueued, kPlanAnew, S::kPending},

    StepTransition{S::kInProgress, kSucceed, S::kComplete},
    StepTransition{S::kInProgress, kFailRetryable, S::kWaitingForRetry},
    StepTransition{S::kInProgress, kFailFinal, S::kError},
    StepTransition{S::kInProgress, kUndelivered, S::kEnqueued},
    StepTransition{S::kInProgress, kCancel, S::kCancelled},

    StepTransition{S::kWaitingForRetry, kRetryDue, S::kEnqueued},
    StepTransition{S::kWaitingForRetry, kFailFinal, S::kError},
    StepTransition{S::kWaitingForRetry, kSkip, S::kSkipped},
    StepTransition{S::kWaitingForRetry, kOperatorRetry, S::kEnqueued},
    StepTransition{S::kWaitingForRetry, kOperatorResolve, S::kResolvedManually},
    StepTransition{S::kWaitingForRetry, kCancel, S::kCancelled},

    StepTransition{S::kError, kSkip, S::kSkipped},
    StepTransition{S::kError, kOperatorRetry, S::kEnqueued},
    StepTransition{S::kError, kOperatorResolve, S::kResolvedManually},
    StepTransition{S::kError, kCancel, S::kCancelled},
    StepTransition{S::kError, kRerun, S::kPending},

    StepTransition{S::kCancelled, kSkip, S::kSkipped},
    StepTransition{S::kCancelled, kOperatorRetry, S::kEnqueued},
    StepTransition{S::kCancelled, kOperatorResolve, S::kResolvedManually},
    StepTransition{S::kCancelled, kRerun, S::kPending},

    StepTransition{S::kComplete, kRerun, S::kPending},
    StepTransition{S::kSkipped, kRerun, S::kPending},
    StepTransition{S::kResolvedManually, kRerun, S::kPending},
};

}  // namespace

std::span<const StepTransition> StepTransitions() { return kTransitions; }

std::string StatesAllowing(StepInput input) {
  std::string states;
  for (const StepTransition& transition : kTransitions) {
    if (transition.input != input) continue;
    absl::StrAppend(&states, states.empty() ? "" : " or ", std::string(NameOf(transition.from)));
  }
  return states;
}

std::optional<StepState> NextState(StepState from, StepInput input) {
  const auto found = std::ranges::find_if(kTransitions, [&](const StepTransition& transition) {
    return transition.from == from && transition.input == input;
  });
  if (found == kTransitions.end()) return std::nullopt;
  return found->to;
}

bool IsDone(StepState state) {
  return state == S::kComplete || state == S::kSkipped || state == S::kResolvedManually;
}

std::string_view NameOf(StepState state) {
  switch (state) {
    case S::kPending:
      return "pending";
    case S::kEnqueued:
      return "enqueued";
    case S::kInProgress:
      return "in_progress";
    case S::kWaitingForRetry:
      return "waiting_for_retry";
    case S::kComplete:
      return "complete";
    case S::kError:
      return "error";
    case S::kCancelled:
      return "cancelled";
    case S::kSkipped:
      return "skipped";
    case S::kResolvedManually:
      return "resolved_manually";
  }
  return "unknown";
}

std::string_view ClassicNameOf(StepState state) {
  switch (state) {
    case S::kEnqueued:
      return "pending";
    case S::kWaitingForRetry:
      return "error";
    case S::kSkipped:
      return "resolved_manually";
    default:
      return NameOf(state);
  }
}

std::string_view NameOf(StepInput input) {
  switch (input) {
    case kReady:
      return "ready";
    case kAssign:
      return "assign";
    case kUndelivered:
      return "undelivered";
    case kSucceed:
      return "succeed";
    case kFailRetryable:
      return "fail_retryable";
    case kFailFinal:
      return "fail_final";
    case kRetryDue:
      return "retry_due";
    case kOperatorRetry:
      return "operator_retry";
    case kOperatorResolve:
      return "operator_resolve";
    case kSkip:
      return "skip";
    case kCancel:
      return "cancel";
    case kRerun:
      return "rerun";
    case kPlanAnew:
      return "plan_anew";
  }
  return "unknown";
}

}  // namespace tasker::engine
