// Follows events and hands each to a method of its name.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

#include "tasker/client/cursor_store.h"
#include "tasker/client/event.h"
#include "tasker/client/log.h"
#include "tasker/client/security.h"

namespace grpc {
class ChannelCredentials;
}

namespace tasker::client {

// Which events a subscriber follows, and from where.
struct SubscriberOptions {
  // host:port, or several with commas between.
  std::string server = "127.0.0.1:7420";
  // Names or patterns: `task.completed`, `step.*`; empty: all. `task.started` and `step.started`
  // stand for `task.start_requested` and `step.execution_requested`.
  std::vector<std::string> subscribe_to = {};
  // Only such tasks' events; empty: of all.
  std::string namespace_name = {};
  std::string task_name = {};
  std::vector<std::string> task_ids = {};
  // Where to begin if the store has no cursor: behind this one; else with the earliest event kept;
  // else with what happens from now on.
  std::string after_cursor = {};
  bool from_earliest = false;
  // A subscription that the service keeps under this name, see SubscriptionOptions: what was
  // handled is acknowledged there, once a response. Then there must be no `cursor_store`.
  std::string subscription = {};
  std::string consumer_name = {};
  std::uint32_t unacknowledged_max = 0;
  // Keeps how far it has come; null: in memory. An event is handled again if the process dies
  // before its place was saved: at least once, in order.
  std::shared_ptr<CursorStore> cursor_store = {};
  // As of WorkerOptions. Without a hook, lines go to stderr.
  std::shared_ptr<grpc::ChannelCredentials> credentials = {};
  std::optional<TlsOptions> tls = {};
  TokenSource token = {};
  LogHook log_hook = {};
};

// Override the methods of the events that you want, or register functions with On; what has neither
// goes to `handle_event`. `task.start_requested` goes to `handle_task_started` too, and
// `step.execution_requested` to `handle_step_started`. What a method throws is logged, and the next
// event follows. After a broken connection it goes on behind the last event handled.
//
// All methods run on one thread, one event after the other. Stop() is thread-safe.
class Subscriber {
 public:
  explicit Subscriber(SubscriberOptions options);
  // Precondition: Run() is not running.
  virtual ~Subscriber();

  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

  // Follows until Stop(). OK: stopped. Otherwise what connecting again cannot mend: OUT_OF_RANGE:
  // the events behind the cursor are no longer kept; INVALID_ARGUMENT: a filter, or an option;
  // FAILED_PRECONDITION: the cursor store cannot be read, the named subscription has another
  // filter, or Run() was called before.
  absl::Status Run();
  // Lets Run return, after the event in hand; a Run that comes later returns at once.
  void Stop();

  // Calls `handler` for events of that very name, in place of a method. Precondition: before Run().
  void On(std::string name, std::function<void(const Event& event)> handler);

  // Hands one event to its methods, as Run does. Never throws; for tests without a service.
  void Dispatch(const Event& event);

  // What has no method of its own. Does nothing unless overridden.
  virtual void handle_event(const Event& event);

  virtual void handle_task_initialize_requested(const Event& event);
  virtual void handle_task_start_requested(const Event& event);
  virtual void handle_task_started(const Event& event);
  virtual void handle_task_completed(const Event& event);
  virtual void handle_task_failed(const Event& event);
  virtual void handle_task_cancelled(const Event& event);
  virtual void handle_task_retry_requested(const Event& event);
  virtual void handle_task_resolved_manually(const Event& event);
  virtual void handle_step_execution_requested(const Event& event);
  virtual void handle_step_started(const Event& event);
  virtual void handle_step_completed(const Event& event);
  virtual void handle_step_failed(const Event& event);
  virtual void handle_step_cancelled(const Event& event);
  virtual void handle_step_retry_requested(const Event& event);
  virtual void handle_step_resolved_manually(const Event& event);

 private:
  class Running;
  using Method = void (Subscriber::*)(const Event& event);

  // Calls it and logs what it throws. Says whether it was overridden.
  bool Call(const std::function<void()>& handler, const Event& event);
  void Log(LogLevel level, const std::string& message,
           const std::vector<std::pair<std::string, std::string>>& fields) const;

  const SubscriberOptions options_;
  std::map<std::string, std::function<void(const Event& event)>, std::less<>> handlers_;
  // Set by a method that was not overridden.
  bool unhandled_ = false;
  const std::unique_ptr<Running> running_;
};

}  // namespace tasker::client
