// What a worker does, told as it happens, for whatever metrics library there is.
#pragma once

#include <chrono>
#include <functional>
#include <string_view>

namespace tasker::client {

// How an attempt ended here; whether the service took the result is another matter.
enum class StepOutcome {
  kSuccess,
  kDeferred,
  kRetryableFailure,
  kPermanentFailure,
  kBusinessError
};

// Such as `retryable_failure`, to be a metric's label.
std::string_view NameOf(StepOutcome outcome);

// Each may be left unset, and costs nothing then. Must be quick, thread-safe, and not throw: they
// run between the steps, on the threads of the worker.
struct WorkerMetrics {
  // A handler is about to be called. Valid while the hook runs.
  std::function<void(std::string_view handler_class)> step_started = {};
  // It has returned. `time`: how long it took.
  std::function<void(std::string_view handler_class, StepOutcome outcome,
                     std::chrono::duration<double> time)>
      step_finished = {};
  // The service has taken the registration.
  std::function<void(std::string_view address)> connected = {};
  // A connection that was made has ended.
  std::function<void(std::string_view address)> disconnected = {};
};

}  // namespace tasker::client
