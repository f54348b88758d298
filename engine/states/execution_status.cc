#include "engine/states/execution_status.h"

namespace tasker::engine {

v1::ExecutionStatus ExecutionStatusOf(const StepCounts& counts, bool paused) {
  if (counts.done == counts.total) return v1::EXECUTION_STATUS_ALL_COMPLETE;
  if (counts.in_progress > 0) return v1::EXECUTION_STATUS_PROCESSING;
  if (paused) return v1::EXECUTION_STATUS_PAUSED;
  if (counts.enqueued > 0) return v1::EXECUTION_STATUS_HAS_READY_STEPS;
  if (counts.waiting_for_retry > 0) return v1::EXECUTION_STATUS_WAITING_FOR_RETRY;
  if (counts.error + counts.cancelled > 0) return v1::EXECUTION_STATUS_BLOCKED_BY_FAILURES;
  return v1::EXECUTION_STATUS_WAITING_FOR_DEPENDENCIES;
}

std::string RecommendedAction(v1::ExecutionStatus status) {
  switch (status) {
    case v1::EXECUTION_STATUS_HAS_READY_STEPS:
      return "execute_ready_steps";
    case v1::EXECUTION_STATUS_BLOCKED_BY_FAILURES:
      return "handle_failures";
    case v1::EXECUTION_STATUS_ALL_COMPLETE:
      return "finalize_task";
    case v1::EXECUTION_STATUS_WAITING_FOR_DEPENDENCIES:
      return "wait_for_dependencies";
    default:
      return "wait_for_completion";
  }
}

std::string HealthStatus(const StepCounts& counts) {
  if (counts.error + counts.cancelled > 0) {
    return counts.active() > 0 ? "recovering" : "blocked";
  }
  return counts.waiting_for_retry > 0 ? "recovering" : "healthy";
}

}  // namespace tasker::engine
