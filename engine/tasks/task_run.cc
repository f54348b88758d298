#include "engine/tasks/task_run.h"

namespace tasker::engine {

void StepCounts::Move(StepState from, StepState to) {
  if (std::uint32_t* count = CountOf(from)) --*count;
  if (std::uint32_t* count = CountOf(to)) ++*count;
}

std::uint32_t* StepCounts::CountOf(StepState state) {
  switch (state) {
    case StepState::kEnqueued:
      return &enqueued;
    case StepState::kInProgress:
      return &in_progress;
    case StepState::kWaitingForRetry:
      return &waiting_for_retry;
    case StepState::kError:
      return &error;
    case StepState::kComplete:
    case StepState::kSkipped:
    case StepState::kResolvedManually:
      return &done;
    case StepState::kPending:
    case StepState::kCancelled:
      return nullptr;
  }
  return nullptr;
}

}  // namespace tasker::engine
