// A worker whose Run() has a thread of its own.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"

#include "tasker/client/worker.h"
#include "tests/cpp_client/fake_engine.h"

namespace tasker::client {

// For tests that stop their worker and see it drain; others end without.
inline constexpr std::chrono::seconds kPatient{30};

// The usual options against `engine`.
inline WorkerOptions OptionsFor(const FakeEngine& engine, std::chrono::seconds drain_max = {}) {
  WorkerOptions options;
  options.server = engine.address();
  options.name = "test-handlers";
  options.threads = 4;
  options.log = [](std::string_view) {};
  options.drain_max = drain_max;
  return options;
}

// Stops at its end.
class RunningWorker {
 public:
  // `setup` registers handlers.
  RunningWorker(WorkerOptions options, const std::function<void(Worker&)>& setup)
      : worker_(std::move(options)) {
    setup(worker_);
    thread_ = std::thread([this] { status_ = worker_.Run(); });
  }
  ~RunningWorker() {
    worker_.Stop();
    if (thread_.joinable()) thread_.join();
  }

  void Stop() { worker_.Stop(); }

  // What Run() returned.
  absl::Status AwaitStatus() {
    thread_.join();
    return status_;
  }

 private:
  Worker worker_;
  absl::Status status_;
  std::thread thread_;
};

// A handler for "Echo" that gives back the context.
inline void RegisterEcho(Worker& worker) {
  worker.Register("Echo",
                  [](const Task& task, const Sequence&, const Step&) { return task.context(); });
}

// A handler that waits in the middle until the test lets it go on.
class Gate {
 public:
  // Called by the handler.
  void Pass() {
    entered_.Notify();
    open_.WaitForNotification();
  }
  // Waits until a handler is inside.
  void AwaitEntered() { entered_.WaitForNotification(); }
  void Open() { open_.Notify(); }

 private:
  absl::Notification entered_;
  absl::Notification open_;
};

}  // namespace tasker::client
