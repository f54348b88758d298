// Connects handlers to the service and runs them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

#include "tasker/client/log.h"
#include "tasker/client/metrics.h"
#include "tasker/client/security.h"
#include "tasker/client/step_handler.h"
#include "tasker/client/task_handler.h"

namespace grpc {
class ChannelCredentials;
}

namespace tasker::client {

// How a worker presents itself and runs.
struct WorkerOptions {
  // host:port of the service, or several with commas between: the first is chosen by chance, and
  // each new connection goes to the next.
  std::string server = "127.0.0.1:7420";
  // What this handler service is called, for people. 1 to 128 bytes.
  std::string name = "cpp-handlers";
  // Names this process; 1 to 128 bytes. Empty: a new UUID, which is right unless a test says other.
  std::string instance_id = {};
  // The most steps unfinished here at one time, 1 to 100,000. More than `threads` keeps the
  // threads busy while results travel.
  std::uint32_t concurrency = 16;
  // Threads that run handlers; more than `concurrency` are of no use. 0: handlers run on the thread
  // that called Run(), which is fastest for handlers that compute for microseconds; while one runs,
  // nothing is sent or received, so such a handler must never wait for anything.
  std::uint32_t threads = 16;
  // Free labels for people and lists.
  std::map<std::string, std::string> labels = {};
  // How long Run() goes on after Stop() to finish steps and see their results stored.
  std::chrono::milliseconds drain_max = std::chrono::seconds(30);
  // Null: as `tls` says.
  std::shared_ptr<grpc::ChannelCredentials> credentials = {};
  // Gets a line when the connection is made or lost. Called on the thread in Run(). Unset: stderr,
  // unless `log_hook` is set.
  std::function<void(std::string_view line)> log = {};
  // Gets the same as a record.
  LogHook log_hook = {};
  // Unset: plain text.
  std::optional<TlsOptions> tls = {};
  // Who this worker is to the service; none: it is not asked.
  TokenSource token = {};
  // Told what the worker does.
  WorkerMetrics metrics = {};
  // The namespace of handlers that are registered without one; empty: any.
  std::string namespace_name = {};
};

// Which steps of its class a handler is for.
struct HandlerScope {
  // Only templates of this namespace; empty: of any.
  std::string namespace_name = {};
  // Only templates of this version; empty: of any.
  std::string version = {};
  // The most unfinished steps of this class; 0: as many as the worker takes.
  std::uint32_t concurrency = 0;
};

// Serves handlers over one stream to the service. Survives the stream, and the service, breaking:
// it connects again (after about 50 ms at first, 5 s at most), goes on with the steps it has, and
// sends every result until the service has stored it. Steps taken away from it in the meantime are
// cancelled.
//
// Thread-safety: Stop() may be called by any thread at any time, but not in a signal handler: let a
// thread wait for the signal. Register and Run belong to one thread.
class Worker {
 public:
  explicit Worker(WorkerOptions options);
  // Precondition: Run() is not running.
  ~Worker();

  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Serves `handler_class`, as templates write it (`OrderProcess::StepHandler::FetchOrderHandler`).
  // Of several registrations of a class the one with the narrowest scope is called: namespace and
  // version, namespace, version, neither. The same class and scope again replaces the handler.
  // Precondition: before Run().
  void Register(std::string handler_class, std::shared_ptr<StepHandler> handler,
                HandlerScope scope = {});
  void Register(std::string handler_class, ProcessFunction process, HandlerScope scope = {});
  void RegisterRaw(std::string handler_class, RawFunction process, HandlerScope scope = {});

  // Validates and initialises tasks of `task_handler_class`. From the first time on that a class is
  // registered with a service, every new task of it waits for such a handler. As Register
  // otherwise.
  void RegisterTaskHandler(std::string task_handler_class, std::shared_ptr<TaskHandler> handler,
                           HandlerScope scope = {});

  // Connects and serves until Stop(), then drains: takes no more steps, finishes those it has, and
  // sees their results stored.
  //
  // OK: drained. DEADLINE_EXCEEDED: drained for `drain_max`, yet results are not acknowledged; the
  // message says how many. INVALID_ARGUMENT: the service refuses this handler, and why, or an
  // option is not what it should be. ABORTED: another process has connected with the same instance
  // id. UNAUTHENTICATED: the token is refused, and it is not a function that may give another.
  // PERMISSION_DENIED, UNIMPLEMENTED: as the service says. FAILED_PRECONDITION: no handler is
  // registered, or Run() was called before. Returns only after every running handler has returned.
  absl::Status Run();

  // Asks Run() to drain and return; a Run() that comes later returns at once.
  void Stop();

  // Does what Stop() does, and nothing once the worker is gone: for what may outlive it, such as a
  // thread that waits for signals. Thread-safe.
  std::function<void()> Stopper() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace tasker::client
