#include "tasker/client/client.h"

#include <utility>

#include "absl/random/random.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpcpp/client_context.h"

#include "clients/cpp/src/backoff.h"
#include "clients/cpp/src/channel.h"
#include "clients/cpp/src/subscription_state.h"
#include "tasker/v1/task_service.grpc.pb.h"
#include "tasker/v1/template_service.grpc.pb.h"

namespace tasker::client {

struct Client::State {
  explicit State(const ClientOptions& given)
      : options(given),
        channel(OpenChannel(given.server, given.credentials)),
        tasks(v1::TaskService::NewStub(channel)),
        templates(v1::TemplateService::NewStub(channel)) {}

  // Makes one call of `method` on `stub`.
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(Stub& stub,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + options.timeout);
    Response response;
    const grpc::Status status = (stub.*method)(&context, request, &response);
    if (!status.ok()) return ToAbslStatus(status);
    return response;
  }

  const ClientOptions options;
  const std::shared_ptr<grpc::Channel> channel;
  const std::unique_ptr<v1::TaskService::Stub> tasks;
  const std::unique_ptr<v1::TemplateService::Stub> templates;
};

Client::Client(const ClientOptions& options) : state_(std::make_unique<State>(options)) {}

Client::~Client() = default;

absl::StatusOr<v1::ApplyTemplateResponse> Client::ApplyTemplate(const std::string& yaml,
                                                                const std::string& source_name) {
  v1::ApplyTemplateRequest request;
  request.set_source(yaml);
  request.set_source_name(source_name);
  return state_->Call(*state_->templates, &v1::TemplateService::Stub::ApplyTemplate, request);
}

absl::StatusOr<v1::CreateTaskResponse> Client::CreateTask(const NewTask& task) {
  v1::CreateTaskRequest request;
  try {
    request.set_context(task.context.dump());
  } catch (const Json::exception& error) {
    return absl::InvalidArgumentError(std::string("the context cannot be written as JSON: ") +
                                      error.what());
  }
  request.set_name(task.name);
  request.set_namespace_(task.namespace_name);
  request.set_version(task.version);
  request.set_initiator(task.initiator);
  request.set_source_system(task.source_system);
  request.set_reason(task.reason);
  request.mutable_tags()->Add(task.tags.begin(), task.tags.end());
  return state_->Call(*state_->tasks, &v1::TaskService::Stub::CreateTask, request);
}

absl::StatusOr<v1::Task> Client::GetTask(const std::string& task_id) {
  v1::GetTaskRequest request;
  request.set_task_id(task_id);
  absl::StatusOr<v1::GetTaskResponse> response =
      state_->Call(*state_->tasks, &v1::TaskService::Stub::GetTask, request);
  if (!response.ok()) return response.status();
  return std::move(*response->mutable_task());
}

absl::StatusOr<v1::ListTasksResponse> Client::ListTasks(const v1::ListTasksRequest& request) {
  return state_->Call(*state_->tasks, &v1::TaskService::Stub::ListTasks, request);
}

absl::Status Client::CancelTask(const std::string& task_id, const std::string& reason) {
  v1::CancelTaskRequest request;
  request.set_task_id(task_id);
  request.set_reason(reason);
  return state_->Call(*state_->tasks, &v1::TaskService::Stub::CancelTask, request).status();
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
  const absl::Time deadline = absl::Now() + absl::FromChrono(state_->options.timeout);
  if (absl::Status status = state->AwaitStanding(deadline); !status.ok()) return status;
  return std::unique_ptr<Subscription>(new Subscription(std::move(state)));
}

bool IsFinished(v1::TaskState state) {
  return state == v1::TASK_STATE_COMPLETE || state == v1::TASK_STATE_ERROR ||
         state == v1::TASK_STATE_CANCELLED || state == v1::TASK_STATE_RESOLVED_MANUALLY;
}

}  // namespace tasker::client
