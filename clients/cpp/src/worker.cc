#include "tasker/client/worker.h"

#include <chrono>
#include <random>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/client_context.h"

#include "clients/cpp/src/channel.h"
#include "clients/cpp/src/handler_registry.h"
#include "clients/cpp/src/session.h"
#include "clients/cpp/src/stop_switch.h"
#include "tasker/v1/task_service.grpc.pb.h"

namespace tasker::client {
namespace {

// How long a handler waits for the results of a step that did not come with its assignment. Well
// under a lease, and long enough for a service that restarts.
constexpr std::chrono::seconds kReadTaskMax{10};

std::string RandomUuid() {
  std::random_device device;
  const std::uint32_t a = device(), b = device(), c = device(), d = device();
  return absl::StrFormat("%08x-%04x-4%03x-%04x-%04x%08x", a, b >> 16, b & 0xfff,
                         0x8000 | ((c >> 16) & 0x3fff), c & 0xffff, d);
}

// Protobuf would refuse the first message at the other end, with a message that helps nobody.
bool IsUtf8(const WorkerOptions& options) {
  try {
    Json{options.name, options.instance_id, options.labels}.dump();
    return true;
  } catch (const Json::type_error&) {
    return false;
  }
}

WorkerOptions Completed(WorkerOptions options) {
  if (options.instance_id.empty()) options.instance_id = RandomUuid();
  return options;
}

}  // namespace

class Worker::State {
 public:
  explicit State(WorkerOptions given)
      : options(Completed(std::move(given))),
        addresses(AddressesOf(options.server)),
        reader([this](const std::string& task_id) { return ReadTask(task_id); }),
        session(options, addresses, registry, reader) {}

  absl::StatusOr<v1::Task> ReadTask(const std::string& task_id) {
    absl::StatusOr<std::string> token = CurrentToken(options.token);
    if (!token.ok()) return token.status();
    grpc::ClientContext context;
    AddToken(*token, context);
    context.set_wait_for_ready(true);
    context.set_deadline(std::chrono::system_clock::now() + kReadTaskMax);
    v1::GetTaskRequest request;
    request.set_task_id(task_id);
    v1::GetTaskResponse response;
    const grpc::Status status = Tasks()->GetTask(&context, request, &response);
    if (!status.ok()) return ToAbslStatus(status);
    return std::move(*response.mutable_task());
  }

  // For calls to where the worker is connected. Made when first asked for: few handlers do.
  std::shared_ptr<v1::TaskService::Stub> Tasks() {
    const std::size_t index = session.address_index();
    absl::MutexLock lock(&mutex);
    if (tasks == nullptr || tasks_index != index) {
      tasks = v1::TaskService::NewStub(OpenChannel(addresses[index], credentials));
      tasks_index = index;
    }
    return tasks;
  }

  const WorkerOptions options;
  const std::vector<std::string> addresses;
  HandlerRegistry registry;
  const Sequence::TaskReader reader;
  std::shared_ptr<grpc::ChannelCredentials> credentials;  // Set before any thread runs.
  absl::Mutex mutex;
  std::shared_ptr<v1::TaskService::Stub> tasks ABSL_GUARDED_BY(mutex);
  std::size_t tasks_index ABSL_GUARDED_BY(mutex) = 0;
  Session session;
  const std::shared_ptr<StopSwitch> stop_switch = std::make_shared<StopSwitch>(session);
  bool was_run = false;
};

Worker::Worker(WorkerOptions options) : state_(std::make_unique<State>(std::move(options))) {}

Worker::~Worker() { state_->stop_switch->Detach(); }

void Worker::Register(std::string handler_class, std::shared_ptr<StepHandler> handler,
                      HandlerScope scope) {
  state_->registry.Add(handler_class, scope, HandlerOf(std::move(handler)));
}

void Worker::Register(std::string handler_class, ProcessFunction process, HandlerScope scope) {
  state_->registry.Add(handler_class, scope, HandlerOf(std::move(process)));
}

void Worker::RegisterRaw(std::string handler_class, RawFunction process, HandlerScope scope) {
  state_->registry.Add(handler_class, scope, HandlerOf(std::move(process)));
}

void Worker::RegisterTaskHandler(std::string task_handler_class,
                                 std::shared_ptr<TaskHandler> handler, HandlerScope scope) {
  state_->registry.AddTaskHandler(task_handler_class, scope, std::move(handler));
}

absl::Status Worker::Run() {
  if (state_->was_run) return absl::FailedPreconditionError("this worker has been run before");
  if (state_->registry.empty()) {
    return absl::FailedPreconditionError("no handler is registered; call Register before Run");
  }
  if (!IsUtf8(state_->options)) {
    return absl::InvalidArgumentError("the worker's name, instance id and labels must be UTF-8");
  }
  if (state_->addresses.empty()) {
    return absl::InvalidArgumentError("the worker's `server` names no address");
  }
  auto credentials = CredentialsOf(state_->options.credentials, state_->options.tls);
  if (!credentials.ok()) return credentials.status();
  state_->credentials = *credentials;
  state_->was_run = true;
  return state_->session.Run(*std::move(credentials));
}

void Worker::Stop() { state_->session.Stop(); }

std::function<void()> Worker::Stopper() const {
  return [stop_switch = state_->stop_switch] { stop_switch->Stop(); };
}

}  // namespace tasker::client
