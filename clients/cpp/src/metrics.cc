#include "tasker/client/metrics.h"

namespace tasker::client {

std::string_view NameOf(StepOutcome outcome) {
  switch (outcome) {
    case StepOutcome::kSuccess:
      return "success";
    case StepOutcome::kDeferred:
      return "deferred";
    case StepOutcome::kRetryableFailure:
      return "retryable_failure";
    case StepOutcome::kPermanentFailure:
      return "permanent_failure";
    case StepOutcome::kBusinessError:
      return "business_error";
  }
  return "unknown";
}

}  // namespace tasker::client
