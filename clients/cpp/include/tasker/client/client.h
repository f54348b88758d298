// Applies templates, creates tasks and follows them.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "tasker/client/json.h"
#include "tasker/client/subscription.h"
#include "tasker/v1/task_service.pb.h"
#include "tasker/v1/template_service.pb.h"

namespace grpc {
class ChannelCredentials;
}

namespace tasker::client {

// Where the service is and how long to wait for it.
struct ClientOptions {
  // host:port.
  std::string server = "127.0.0.1:7420";
  // How long a call may take, connecting included.
  std::chrono::milliseconds timeout = std::chrono::seconds(10);
  // Null: plain text.
  std::shared_ptr<grpc::ChannelCredentials> credentials = {};
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

  // Stops a task.
  absl::Status CancelTask(const std::string& task_id, const std::string& reason);

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
