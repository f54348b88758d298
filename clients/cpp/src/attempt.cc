#include "clients/cpp/src/attempt.h"

#include <utility>

#include "clients/cpp/src/failure.h"

namespace tasker::client {

Attempt::Attempt(v1::Assignment assignment, const Handler* handler,
                 const Sequence::TaskReader& reader)
    : assignment_(std::move(assignment)),
      handler_(handler),
      task_(assignment_),
      sequence_(assignment_, reader),
      step_(assignment_) {}

v1::StepResult Attempt::Perform() {
  v1::StepResult result;
  result.set_token(token());
  if (step_.cancelled()) {
    *result.mutable_failure() = CancelledFailure();
    return result;
  }
  try {
    if (handler_ == nullptr) {
      throw RetryableError("this handler service has not registered for " + step_.handler_class());
    }
    result.mutable_success()->set_results((*handler_)(task_, sequence_, step_));
  } catch (...) {
    *result.mutable_failure() = FailureOfCurrentException();
    if (step_.cancelled()) result.mutable_failure()->set_retryable(false);
  }
  return result;
}

}  // namespace tasker::client
