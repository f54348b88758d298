#include "tasker/client/client.h"

#include <utility>

#include "absl/random/random.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpcpp/client_context.h"

#include "clients/cpp/src/backoff.h"
#include "clients/cpp/src/base64url.h"
#include "clients/cpp/src/channel.h"
#include "clients/cpp/src/duration.h"
#include "clients/cpp/src/event_check.h"
#include "clients/cpp/src/json_text.h"
#include "clients/cpp/src/service_channel.h"
#include "clients/cpp/src/subscription_state.h"
#include "tasker/client/errors.h"
#include "tasker/v1/event_service.grpc.pb.h"
#include "tasker/v1/handler_service.grpc.pb.h"
#include "tasker/v1/operator_service.grpc.pb.h"
#include "tasker/v1/task_service.grpc.pb.h"
#include "tasker/v1/template_service.grpc.pb.h"

namespace tasker::client {

struct Client::State {
  explicit State(const ClientOptions& given)
      : timeout(given.timeout),
        channel(std::make_shared<ServiceChannel>(given.server, given.credentials, given.tls,
                                                 given.token)) {}

  // Makes one call of `method` of `Service`.
  template <typename Service, typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (Service::Stub::*method)(grpc::ClientContext*,
                                                                      const Request&, Response*),
                                const Request& request) {
    const absl::Time deadline = absl::Now() + absl::FromChrono(timeout);
    absl::StatusOr<std::shared_ptr<grpc::Channel>> picked = channel->Pick(deadline);
    if (!picked.ok()) return picked.status();
    grpc::ClientContext context;
    if (absl::Status status = channel->Authorize(context); !status.ok()) return status;
    context.set_deadline(absl::ToChronoTime(deadline));
    Response response;
    const auto stub = Service::NewStub(*picked);
    const grpc::Status status = ((*stub).*method)(&context, request, &response);
    if (!status.ok()) return ToAbslStatus(status);
    return response;
  }

  absl::StatusOr<v1::AcknowledgementOutcome> Complete(const std::string& token,
                                                      const std::string& actor,
                                                      v1::StepResult result) {
    std::optional<std::string> bytes = FromBase64Url(token);
    if (!bytes || bytes->empty()) {
      return absl::InvalidArgumentError("`" + token + "` is no token of a step");
    }
    v1::CompleteStepRequest request;
    result.set_token(*std::move(bytes));
    *request.mutable_result() = std::move(result);
    request.set_actor(actor);
    auto response = Call<v1::HandlerService>(&v1::HandlerService::Stub::CompleteStep, request);
    if (!response.ok()) return response.status();
    return response->outcome();
  }

  const std::chrono::milliseconds timeout;
  // Shared with the subscriptions.
  const std::shared_ptr<ServiceChannel> channel;
};

namespace {

// `value` as text; INVALID_ARGUMENT: it cannot be written, and `what` it is.
absl::StatusOr<std::string> Printed(const Json& value, const char* what) {
  try {
    return PrintJson(value);
  } catch (const NotJsonError& error) {
    return absl::InvalidArgumentError(std::string(what) +
                                      " cannot be written as JSON: " + error.what());
  }
}

void Set(const RepairedBy& by, v1::Operator& op) {
  op.set_actor(by.actor);
  op.set_reason(by.reason);
}

}  // namespace

Client::Client(const ClientOptions& options) : state_(std::make_unique<State>(options)) {}

Client::~Client() = default;

absl::StatusOr<v1::ApplyTemplateResponse> Client::ApplyTemplate(const std::string& yaml,
                                                                const std::string& source_name) {
  v1::ApplyTemplateRequest request;
  request.set_source(yaml);
  request.set_source_name(source_name);
  return state_->Call<v1::TemplateService>(&v1::TemplateService::Stub::ApplyTemplate, request);
}

absl::StatusOr<v1::CreateTaskResponse> Client::CreateTask(const NewTask& task) {
  absl::StatusOr<std::string> context = Printed(task.context, "the context");
  if (!context.ok()) return context.status();
  v1::CreateTaskRequest request;
  request.set_context(*std::move(context));
  request.set_name(task.name);
  request.set_namespace_(task.namespace_name);
  request.set_version(task.version);
  request.set_initiator(task.initiator);
  request.set_source_system(task.source_system);
  request.set_reason(task.reason);
  request.mutable_tags()->Add(task.tags.begin(), task.tags.end());
  if (task.priority) request.set_priority(*task.priority);
  request.set_idempotency_key(task.idempotency_key);
  request.mutable_bypass_steps()->Add(task.bypass_steps.begin(), task.bypass_steps.end());
  request.set_traceparent(task.traceparent);
  request.set_tracestate(task.tracestate);
  return state_->Call<v1::TaskService>(&v1::TaskService::Stub::CreateTask, request);
}

absl::StatusOr<v1::Task> Client::GetTask(const std::string& task_id) {
  v1::GetTaskRequest request;
  request.set_task_id(task_id);
  absl::StatusOr<v1::GetTaskResponse> response =
      state_->Call<v1::TaskService>(&v1::TaskService::Stub::GetTask, request);
  if (!response.ok()) return response.status();
  return std::move(*response->mutable_task());
}

absl::StatusOr<v1::ListTasksResponse> Client::ListTasks(const v1::ListTasksRequest& request) {
  return state_->Call<v1::TaskService>(&v1::TaskService::Stub::ListTasks, request);
}

absl::Status Client::ForEachTask(v1::ListTasksRequest request,
                                 const std::function<bool(const v1::Task& task)>& on_task) {
  for (;;) {
    const absl::StatusOr<v1::ListTasksResponse> page = ListTasks(request);
    if (!page.ok()) return page.status();
    for (const v1::Task& task : page->tasks()) {
      if (!on_task(task)) return absl::OkStatus();
    }
    if (page->next_page_token().empty()) return absl::OkStatus();
    request.set_page_token(page->next_page_token());
  }
}

absl::Status Client::CancelTask(const std::string& task_id, const std::string& reason,
                                const std::string& initiator) {
  v1::CancelTaskRequest request;
  request.set_task_id(task_id);
  request.set_reason(reason);
  request.set_initiator(initiator);
  return state_->Call<v1::TaskService>(&v1::TaskService::Stub::CancelTask, request).status();
}

absl::Status Client::RetryTask(const std::string& task_id, const RepairedBy& by) {
  v1::RetryTaskRequest request;
  request.set_task_id(task_id);
  Set(by, *request.mutable_operator_());
  return state_->Call<v1::OperatorService>(&v1::OperatorService::Stub::RetryTask, request).status();
}

absl::Status Client::RetryStep(const std::string& task_id, const std::string& step_name,
                               bool reset_attempts, const RepairedBy& by) {
  v1::RetryStepRequest request;
  request.set_task_id(task_id);
  request.set_step_name(step_name);
  request.set_reset_attempts(reset_attempts);
  Set(by, *request.mutable_operator_());
  return state_->Call<v1::OperatorService>(&v1::OperatorService::Stub::RetryStep, request).status();
}

absl::Status Client::ResolveTask(const std::string& task_id, const RepairedBy& by) {
  v1::ResolveTaskRequest request;
  request.set_task_id(task_id);
  Set(by, *request.mutable_operator_());
  return state_->Call<v1::OperatorService>(&v1::OperatorService::Stub::ResolveTask, request)
      .status();
}

absl::Status Client::ResolveStep(const std::string& task_id, const std::string& step_name,
                                 const Json& results, const RepairedBy& by) {
  absl::StatusOr<std::string> text = Printed(results, "the results");
  if (!text.ok()) return text.status();
  v1::ResolveStepRequest request;
  request.set_task_id(task_id);
  request.set_step_name(step_name);
  request.set_results(*std::move(text));
  Set(by, *request.mutable_operator_());
  return state_->Call<v1::OperatorService>(&v1::OperatorService::Stub::ResolveStep, request)
      .status();
}

absl::Status Client::SignalTask(const std::string& task_id, const std::string& name,
                                const Json& payload, const std::string& initiator) {
  absl::StatusOr<std::string> text = Printed(payload, "the payload");
  if (!text.ok()) return text.status();
  v1::SignalTaskRequest request;
  request.set_task_id(task_id);
  request.set_name(name);
  request.set_payload(*std::move(text));
  request.set_initiator(initiator);
  return state_->Call<v1::TaskService>(&v1::TaskService::Stub::SignalTask, request).status();
}

absl::StatusOr<v1::AcknowledgementOutcome> Client::CompleteStep(const std::string& token,
                                                                const Json& results,
                                                                const std::string& actor) {
  absl::StatusOr<std::string> text = Printed(results, "the results");
  if (!text.ok()) return text.status();
  v1::StepResult result;
  result.mutable_success()->set_results(*std::move(text));
  return state_->Complete(token, actor, std::move(result));
}

absl::StatusOr<v1::AcknowledgementOutcome> Client::FailStep(const std::string& token,
                                                            const StepFailure& failure,
                                                            const std::string& actor) {
  v1::StepResult result;
  v1::Failure& told = *result.mutable_failure();
  told.set_error_class(failure.error_class);
  told.set_message(failure.message);
  told.set_retryable(failure.retryable && !failure.business);
  told.set_business(failure.business);
  if (failure.retry_after) ToProto(*failure.retry_after, *told.mutable_retry_after());
  if (!failure.details.empty()) {
    absl::StatusOr<std::string> details = Printed(failure.details, "the details");
    if (!details.ok()) return details.status();
    told.set_details(*std::move(details));
  }
  return state_->Complete(token, actor, std::move(result));
}

absl::Status Client::PublishEvent(const std::string& name, const Json& payload,
                                  const std::string& task_id) {
  v1::PublishEventRequest request;
  try {
    request.set_payload(CheckedEventPayload(name, payload));
  } catch (const InvalidEventError& error) {
    return absl::InvalidArgumentError(error.what());
  }
  request.set_name(name);
  request.set_task_id(task_id);
  return state_->Call<v1::EventService>(&v1::EventService::Stub::PublishEvent, request).status();
}

namespace {

// Counts the events that may have finished a task. Thread-safe.
class FinishSignal {
 public:
  void Raise() {
    absl::MutexLock lock(&mutex_);
    raised_ = true;
  }
  // Takes the signal back; false if it is not raised by `deadline`.
  bool Await(absl::Time deadline) {
    absl::MutexLock lock(&mutex_);
    const bool raised = mutex_.AwaitWithDeadline(absl::Condition(&raised_), deadline);
    raised_ = false;
    return raised;
  }

 private:
  absl::Mutex mutex_;
  bool raised_ ABSL_GUARDED_BY(mutex_) = false;
};

bool MayPass(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
}

}  // namespace

absl::StatusOr<v1::Task> Client::WaitForTask(const std::string& task_id,
                                             std::chrono::milliseconds wait_max) {
  const absl::Time deadline = absl::Now() + absl::FromChrono(wait_max);
  SubscriptionOptions options;
  options.filter.add_task_ids(task_id);
  for (const char* name :
       {"task.completed", "task.failed", "task.cancelled", "task.resolved_manually"}) {
    options.filter.add_names(name);
  }
  FinishSignal finished;
  Subscription::State subscription(state_->channel, std::move(options),
                                   [&finished](const v1::Event&) { finished.Raise(); });
  if (absl::Status status = subscription.AwaitStanding(deadline); !status.ok()) return status;

  absl::BitGen random;
  Backoff backoff;
  for (;;) {
    absl::StatusOr<v1::Task> task = GetTask(task_id);
    if (!task.ok() && !MayPass(task.status())) return task.status();
    if (task.ok() && IsFinished(task->state())) return task;
    // A service that did not answer is asked again; one that did tells by an event.
    const absl::Time next =
        task.ok() ? deadline
                  : std::min(deadline, absl::Now() + absl::FromChrono(backoff.Next(
                                                         absl::Uniform(random, 0.0, 1.0))));
    if (!finished.Await(next) && absl::Now() >= deadline) {
      if (!task.ok()) return task.status();
      return absl::DeadlineExceededError("task " + task_id + " has not finished; it is in " +
                                         v1::TaskState_Name(task->state()));
    }
  }
}

absl::StatusOr<std::unique_ptr<Subscription>> Client::Subscribe(SubscriptionOptions options,
                                                                EventCallback on_event) {
  auto state = std::make_unique<Subscription::State>(state_->channel, std::move(options),
                                                     std::move(on_event));
  const absl::Time deadline = absl::Now() + absl::FromChrono(state_->timeout);
  if (absl::Status status = state->AwaitStanding(deadline); !status.ok()) return status;
  return std::unique_ptr<Subscription>(new Subscription(std::move(state)));
}

bool IsFinished(v1::TaskState state) {
  return state == v1::TASK_STATE_COMPLETE || state == v1::TASK_STATE_ERROR ||
         state == v1::TASK_STATE_CANCELLED || state == v1::TASK_STATE_RESOLVED_MANUALLY;
}

}  // namespace tasker::client
