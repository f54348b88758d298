#include "clients/cpp/src/attempt.h"

#include <utility>

#include "clients/cpp/src/failure.h"
#include "clients/cpp/src/json_text.h"

namespace tasker::client {
namespace {

TaskRequest RequestOf(const v1::Assignment& assignment, const Task& task) {
  const v1::TaskOrigin& origin = assignment.request();
  TaskRequest request;
  request.name = task.name();
  request.namespace_name = task.namespace_name();
  request.version = task.version();
  request.context = task.context();
  request.initiator = origin.initiator();
  request.source_system = origin.source_system();
  request.reason = origin.reason();
  request.tags.assign(origin.tags().begin(), origin.tags().end());
  request.bypass_steps.assign(origin.bypass_steps().begin(), origin.bypass_steps().end());
  const auto since_epoch = std::chrono::seconds(origin.requested_at().seconds()) +
                           std::chrono::nanoseconds(origin.requested_at().nanos());
  request.requested_at = std::chrono::system_clock::time_point(
      std::chrono::duration_cast<std::chrono::system_clock::duration>(since_epoch));
  return request;
}

}  // namespace

Attempt::Attempt(v1::Assignment assignment, Work work, const Sequence::TaskReader& reader,
                 StepReporter* reporter)
    : assignment_(std::move(assignment)),
      work_(work),
      task_(assignment_),
      sequence_(assignment_, reader),
      step_(assignment_, reporter) {}

v1::StepResult Attempt::Perform() {
  v1::StepResult result;
  result.set_token(token());
  if (step_.cancelled()) {
    *result.mutable_failure() = CancelledFailure(step_.cancel_reason());
    return result;
  }
  try {
    CallHandler(result);
  } catch (...) {
    *result.mutable_failure() = FailureOfCurrentException(Frame());
    const bool refused = validating_ && !result.failure().has_retryable();
    if (refused || step_.cancelled()) result.mutable_failure()->set_retryable(false);
  }
  for (StepEffects::Event& event : step_.effects().events) {
    v1::CustomEvent& published = *result.add_events();
    published.set_name(std::move(event.name));
    published.set_payload(std::move(event.payload));
  }
  return result;
}

void Attempt::CallHandler(v1::StepResult& result) {
  if (work_.handler != nullptr) {
    std::string results = work_.handler->call(task_, sequence_, step_);
    const StepEffects& effects = step_.effects();
    if (!effects.deferred) {
      result.mutable_success()->set_results(std::move(results));
      return;
    }
    v1::Deferral& deferral = *result.mutable_deferred();
    if (effects.defer_timeout) ToProto(*effects.defer_timeout, *deferral.mutable_timeout());
  } else if (work_.task_handler != nullptr) {
    const TaskRequest request = RequestOf(assignment_, task_);
    validating_ = true;
    (*work_.task_handler)->validate_task_request(request);
    validating_ = false;
    result.mutable_success()->set_results(
        PrintResults((*work_.task_handler)->initialize_task_context(request)));
  } else {
    Refuse();
  }
}

void Attempt::Refuse() const {
  switch (assignment_.kind()) {
    case v1::ASSIGNMENT_KIND_UNSPECIFIED:
      throw InvalidAssignmentError("this handler service has no handler for steps of class `" +
                                   assignment_.handler_class() + "`");
    case v1::ASSIGNMENT_KIND_INITIALIZE_TASK:
      throw InvalidAssignmentError("this handler service has no task handler of class `" +
                                   assignment_.handler_class() + "`");
    default:
      throw InvalidAssignmentError("this handler service knows no assignments of kind " +
                                   std::to_string(assignment_.kind()) +
                                   "; it is older than the service");
  }
}

std::string Attempt::Frame() const {
  std::string function = "handler";
  if (work_.handler != nullptr) function = work_.handler->function;
  if (work_.task_handler != nullptr) {
    const TaskHandler& handler = **work_.task_handler;
    function = Demangled(typeid(handler)) +
               (validating_ ? "::validate_task_request" : "::initialize_task_context");
  }
  return "in `" + function + "` for " + assignment_.handler_class() + ", step " +
         assignment_.step_name() + "\n";
}

}  // namespace tasker::client
