// Applies templates, creates tasks and follows them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "tasker/client/json.h"
#include "tasker/client/security.h"
#include "tasker/client/subscription.h"
#include "tasker/v1/handler_service.pb.h"
#include "tasker/v1/task_service.pb.h"
#include "tasker/v1/template_service.pb.h"

namespace grpc {
class ChannelCredentials;
}

namespace tasker::client {

// Where the service is and how long to wait for it.
struct ClientOptions {
  // host:port, or several with commas between: a call goes to one that lets itself be connected to.
  std::string server = "127.0.0.1:7420";
  // How long a call may take, connecting included.
  std::chrono::milliseconds timeout = std::chrono::seconds(10);
  // Null: as `tls` says.
  std::shared_ptr<grpc::ChannelCredentials> credentials = {};
  // Unset: plain text.
  std::optional<TlsOptions> tls = {};
  // Who the caller is to the service; none: it is not asked.
  TokenSource token = {};
};

// A task to be created. Fields left empty take the service's defaults.
struct NewTask {
  // The template's name. Required.
  std::string name;
  // The input, an object.
  Json context = Json::object();
  // The template's namespace.
  std::string namespace_name = {};
  // The template's version; empty: the highest.
  std::string version = {};
  // Who asks.
  std::string initiator = {};
  // The system that asks.
  std::string source_system = {};
  // Why.
  std::string reason = {};
  // Free labels.
  std::vector<std::string> tags = {};
  // How urgent, 0 to 9; unset: as the template says.
  std::optional<std::uint32_t> priority = {};
  // A second request with the same key, namespace and name is answered with the task that exists.
  std::string idempotency_key = {};
  // Steps to leave out; each must be `skippable`.
  std::vector<std::string> bypass_steps = {};
  // The trace that the task is to belong to, as in W3C Trace Context; handlers get it.
  std::string traceparent = {};
  std::string tracestate = {};
};

// Who repairs something, and why, for the task's history; empty: `unknown`.
struct RepairedBy {
  std::string actor = {};
  std::string reason = {};
};

// How a deferred step failed.
struct StepFailure {
  std::string error_class = {};
  std::string message = {};
  // False: never tried again.
  bool retryable = true;
  // Try again no sooner than this; unset: the template's backoff.
  std::optional<std::chrono::milliseconds> retry_after = {};
  // An outcome that the business knows; never tried again.
  bool business = false;
  // What belongs to it, for programs: an object.
  Json details = Json::object();
};

// Calls the service. Errors carry the service's code and message, see protos/tasker/v1;
// UNAVAILABLE and DEADLINE_EXCEEDED also come from the connection. Nothing is repeated on its own.
//
// Thread-safe.
class Client {
 public:
  explicit Client(const ClientOptions& options);
  // Precondition: no call is running. Subscriptions live on their own.
  ~Client();

  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Checks and stores a template. `source_name` stands for the YAML text in messages.
  absl::StatusOr<v1::ApplyTemplateResponse> ApplyTemplate(const std::string& yaml,
                                                          const std::string& source_name);

  // Creates a task. When it answers, the task will be run to its end. INVALID_ARGUMENT also if the
  // context is not valid UTF-8.
  absl::StatusOr<v1::CreateTaskResponse> CreateTask(const NewTask& task);

  // One task with its steps.
  absl::StatusOr<v1::Task> GetTask(const std::string& task_id);

  // A page of tasks, newest first.
  absl::StatusOr<v1::ListTasksResponse> ListTasks(const v1::ListTasksRequest& request);

  // Every task that matches, newest first, over all pages. Ends early when `on_task` returns false.
  // An error: the page that failed; the tasks before it have been given.
  absl::Status ForEachTask(v1::ListTasksRequest request,
                           const std::function<bool(const v1::Task& task)>& on_task);

  // Stops a task.
  absl::Status CancelTask(const std::string& task_id, const std::string& reason,
                          const std::string& initiator = {});

  // Tries every failed step of a task again, with all its attempts.
  absl::Status RetryTask(const std::string& task_id, const RepairedBy& by = {});
  // Tries one step again: with one more attempt than it has had, or all of them.
  absl::Status RetryStep(const std::string& task_id, const std::string& step_name,
                         bool reset_attempts = false, const RepairedBy& by = {});
  // Declares a task in error done.
  absl::Status ResolveTask(const std::string& task_id, const RepairedBy& by = {});
  // Declares a step done with these results.
  absl::Status ResolveStep(const std::string& task_id, const std::string& step_name,
                           const Json& results = Json::object(), const RepairedBy& by = {});

  // Gives a task a signal, for a step that waits for one of that name.
  absl::Status SignalTask(const std::string& task_id, const std::string& name,
                          const Json& payload = Json::object(), const std::string& initiator = {});

  // Ends a deferred step. `token`: Step::token(). Gives what became of it: APPLIED, ALREADY_APPLIED
  // (it was completed before, with the same), or STALE (the attempt is over). INVALID_ARGUMENT also
  // if the token is none, or results or details cannot be written as JSON.
  absl::StatusOr<v1::AcknowledgementOutcome> CompleteStep(const std::string& token,
                                                          const Json& results = Json::object(),
                                                          const std::string& actor = {});
  absl::StatusOr<v1::AcknowledgementOutcome> FailStep(const std::string& token,
                                                      const StepFailure& failure,
                                                      const std::string& actor = {});

  // Publishes an event of your own. `name`: dotted, lower case (`order.paid`). `payload`: an object
  // of at most 64 KiB. `task_id`: the open task that it is about; empty: none.
  absl::Status PublishEvent(const std::string& name, const Json& payload = Json::object(),
                            const std::string& task_id = {});

  // Waits until the task has finished and gives it back, with its steps, as it stands then. It is
  // told by events and asks the service only then; it survives the service restarting.
  // DEADLINE_EXCEEDED: not finished within `wait_max`.
  absl::StatusOr<v1::Task> WaitForTask(const std::string& task_id,
                                       std::chrono::milliseconds wait_max);

  // Follows events; comes back once the subscription stands: nothing that happens from then on is
  // missed. See Subscription.
  absl::StatusOr<std::unique_ptr<Subscription>> Subscribe(SubscriptionOptions options,
                                                          EventCallback on_event);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Whether a task in this state changes no more on its own.
bool IsFinished(v1::TaskState state);

}  // namespace tasker::client
