#include "engine/states/execution_status.h"

namespace tasker::engine {

v1::ExecutionStatus ExecutionStatusOf(const StepCounts& counts) {
  if (counts.done == counts.total) return v1::EXECUTION_STATUS_ALL_COMPLETE;
  if (counts.in_progress > 0) return v1::EXECUTION_STATUS_PROCESSING;
  if (counts.enqueued > 0) return v1::EXECUTION_STATUS_HAS_READY_STEPS;
  if (counts.waiting_for_retry > 0) return v1::EXECUTION_STATUS_WAITING_FOR_RETRY;
  if (counts.error > 0) return v1::EXECUTION_STATUS_BLOCKED_BY_FAILURES;
  return v1::EXECUTION_STATUS_WAITING_FOR_DEPENDENCIES;
}

}  // namespace tasker::engine
