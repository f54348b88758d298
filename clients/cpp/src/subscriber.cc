#include "tasker/client/subscriber.h"

#include <exception>
#include <iostream>
#include <utility>

#include "absl/synchronization/mutex.h"

#include "clients/cpp/src/service_channel.h"
#include "clients/cpp/src/subscription_state.h"

namespace tasker::client {

// What Run and Stop share. Thread-safe.
class Subscriber::Running {
 public:
  // Follows until it is stopped or fails. FAILED_PRECONDITION: it did so before.
  absl::Status Follow(std::unique_ptr<Subscription::State> state) {
    {
      absl::MutexLock lock(&mutex_);
      if (state_ != nullptr) return absl::FailedPreconditionError("it has been run before");
      state_ = std::move(state);
      if (stopped_) state_->Cancel();
    }
    return state_->Wait();
  }

  void Stop() {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
    if (state_ != nullptr) state_->Cancel();
  }

 private:
  absl::Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  // Set once.
  std::unique_ptr<Subscription::State> state_;
};

Subscriber::Subscriber(SubscriberOptions options)
    : options_(std::move(options)), running_(std::make_unique<Running>()) {}

Subscriber::~Subscriber() = default;

absl::Status Subscriber::Run() {
  if (!options_.subscription.empty() && options_.cursor_store != nullptr) {
    return absl::InvalidArgumentError(
        "a named subscription keeps its own place: give no cursor_store");
  }
  std::shared_ptr<CursorStore> store = options_.cursor_store;
  if (store == nullptr) store = std::make_shared<MemoryCursorStore>();
  SubscriptionOptions subscription;
  subscription.after_cursor = options_.after_cursor;
  subscription.from_earliest = options_.from_earliest;
  subscription.subscription = options_.subscription;
  subscription.consumer_name = options_.consumer_name;
  subscription.unacknowledged_max = options_.unacknowledged_max;
  try {
    if (std::string kept = store->Load(); !kept.empty()) subscription.after_cursor = kept;
  } catch (const std::exception& error) {
    return absl::FailedPreconditionError(std::string("the cursor cannot be read: ") + error.what());
  }
  v1::EventFilter& filter = subscription.filter;
  filter.mutable_names()->Add(options_.subscribe_to.begin(), options_.subscribe_to.end());
  filter.mutable_task_ids()->Add(options_.task_ids.begin(), options_.task_ids.end());
  filter.set_namespace_(options_.namespace_name);
  filter.set_task_name(options_.task_name);
  const auto save = [this, store](const std::string& cursor) {
    try {
      store->Save(cursor);
    } catch (const std::exception& error) {
      Log(LogLevel::kError, "the cursor cannot be saved", {{"error", error.what()}});
    }
  };
  auto channel = std::make_shared<ServiceChannel>(options_.server, options_.credentials,
                                                  options_.tls, options_.token);
  return running_->Follow(std::make_unique<Subscription::State>(
      std::move(channel), std::move(subscription),
      [this](const v1::Event& event) { Dispatch(Event(event)); }, save));
}

void Subscriber::Stop() { running_->Stop(); }

void Subscriber::On(std::string name, std::function<void(const Event& event)> handler) {
  handlers_[std::move(name)] = std::move(handler);
}

void Subscriber::Dispatch(const Event& event) {
  static const std::multimap<std::string_view, Method> kMethods = {
      {"task.initialize_requested", &Subscriber::handle_task_initialize_requested},
      {"task.start_requested", &Subscriber::handle_task_start_requested},
      {"task.start_requested", &Subscriber::handle_task_started},
      {"task.completed", &Subscriber::handle_task_completed},
      {"task.failed", &Subscriber::handle_task_failed},
      {"task.cancelled", &Subscriber::handle_task_cancelled},
      {"task.retry_requested", &Subscriber::handle_task_retry_requested},
      {"task.resolved_manually", &Subscriber::handle_task_resolved_manually},
      {"step.execution_requested", &Subscriber::handle_step_execution_requested},
      {"step.execution_requested", &Subscriber::handle_step_started},
      {"step.completed", &Subscriber::handle_step_completed},
      {"step.failed", &Subscriber::handle_step_failed},
      {"step.cancelled", &Subscriber::handle_step_cancelled},
      {"step.retry_requested", &Subscriber::handle_step_retry_requested},
      {"step.resolved_manually", &Subscriber::handle_step_resolved_manually},
  };
  if (const auto found = handlers_.find(event.name()); found != handlers_.end()) {
    Call([&] { found->second(event); }, event);
    return;
  }
  bool handled = false;
  const auto [begin, end] = kMethods.equal_range(event.name());
  for (auto place = begin; place != end; ++place) {
    const Method method = place->second;
    if (Call([&] { (this->*method)(event); }, event)) handled = true;
  }
  if (!handled) Call([&] { handle_event(event); }, event);
}

bool Subscriber::Call(const std::function<void()>& handler, const Event& event) {
  unhandled_ = false;
  std::string error;
  try {
    handler();
    return !unhandled_;
  } catch (const std::exception& thrown) {
    error = thrown.what();
  } catch (...) {
    error = "something that is not a std::exception";
  }
  // One event's trouble is not the next one's.
  Log(LogLevel::kError, "a handler of events failed",
      {{"event", event.name()}, {"event_id", event.id()}, {"error", error}});
  return true;
}

void Subscriber::Log(LogLevel level, const std::string& message,
                     const std::vector<std::pair<std::string, std::string>>& fields) const {
  const LogRecord record{level, message, fields};
  if (options_.log_hook) {
    options_.log_hook(record);
  } else {
    std::cerr << "tasker subscriber: " + LogLine(record) + "\n";
  }
}

void Subscriber::handle_event(const Event&) {}
void Subscriber::handle_task_initialize_requested(const Event&) { unhandled_ = true; }
void Subscriber::handle_task_start_requested(const Event&) { unhandled_ = true; }
void Subscriber::handle_task_started(const Event&) { unhandled_ = true; }
void Subscriber::handle_task_completed(const Event&) { unhandled_ = true; }
void Subscriber::handle_task_failed(const Event&) { unhandled_ = true; }
void Subscriber::handle_task_cancelled(const Event&) { unhandled_ = true; }
void Subscriber::handle_task_retry_requested(const Event&) { unhandled_ = true; }
void Subscriber::handle_task_resolved_manually(const Event&) { unhandled_ = true; }
void Subscriber::handle_step_execution_requested(const Event&) { unhandled_ = true; }
void Subscriber::handle_step_started(const Event&) { unhandled_ = true; }
void Subscriber::handle_step_completed(const Event&) { unhandled_ = true; }
void Subscriber::handle_step_failed(const Event&) { unhandled_ = true; }
void Subscriber::handle_step_cancelled(const Event&) { unhandled_ = true; }
void Subscriber::handle_step_retry_requested(const Event&) { unhandled_ = true; }
void Subscriber::handle_step_resolved_manually(const Event&) { unhandled_ = true; }

}  // namespace tasker::client
