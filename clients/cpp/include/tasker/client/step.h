// The step to do, as its handler sees it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "tasker/client/lazy_json.h"

namespace tasker::v1 {
class Assignment;
}

namespace tasker::client {

// Takes what a step tells of itself while it runs. The worker implements it, and the test kit.
//
// Thread-safe.
class StepReporter {
 public:
  virtual ~StepReporter() = default;
  // `checkpoint`: JSON. The newest of an attempt is kept.
  virtual void ReportCheckpoint(const std::string& token, std::string checkpoint) = 0;
  virtual void ReportProgress(const std::string& token, std::optional<double> fraction,
                              std::string message) = 0;
};

// What a handler asked for beside its results.
struct StepEffects {
  struct Event {
    std::string name;
    // A JSON object.
    std::string payload;
  };
  // Published with the result.
  std::vector<Event> events = {};
  // Whether the step ends later.
  bool deferred = false;
  // For how long at most.
  std::optional<std::chrono::milliseconds> defer_timeout = {};
};

// One attempt of one step. Lives until `process_results` returns.
//
// What it was made with never changes and may be read by any thread, as may all about
// cancellation, and `checkpoint` and `progress` may be called by any. Results, `publish` and
// `defer` belong to the thread that runs the handler. A handler is given a const step: what it
// tells the service changes nothing of the step itself.
class Step {
 public:
  // Takes the settings out of `assignment`. It and `reporter` must outlive the step; without a
  // reporter, checkpoints and progress go nowhere.
  explicit Step(v1::Assignment& assignment, StepReporter* reporter = nullptr);

  // Unique over all tasks: the task's id, a dot, the step's index.
  const std::string& id() const;
  // The step's name in its template.
  const std::string& name() const;
  // The class registered for that the step asks for.
  const std::string& handler_class() const;
  // The step's settings from the template, a JSON object; null if it has none.
  const Json& handler_config() const { return handler_config_.value(); }
  // The same as text; empty if none.
  std::string_view handler_config_json() const { return handler_config_.text(); }
  // Which attempt this is, from 1.
  std::uint32_t attempt_number() const;
  // The same, by its name in the Rails engine.
  std::uint32_t attempts() const { return attempt_number(); }
  // Attempts allowed in all.
  std::uint32_t retry_limit() const;
  // As the Rails engine calls it: `in_progress`.
  std::string_view state() const { return "in_progress"; }

  // In an item of a `for_each` step: the element to work on, else null; and its place, from 0.
  const Json& item() const { return item_.value(); }
  std::optional<std::uint32_t> item_index() const;

  // What an earlier attempt left behind; null: nothing.
  const Json& checkpoint_data() const { return checkpoint_.value(); }
  const Json& checkpoint() const { return checkpoint_data(); }
  // Leaves behind what the next attempt needs to go on from here. Sent at once; the service stores
  // at most one a second, and the last. Throws InvalidCheckpointError if it is over 64 KiB or
  // cannot be written as JSON.
  void checkpoint(const Json& value) const;
  // Tells people how far the step is: from 0 to 1 (nullopt: unknown), and what it does just now.
  void progress(std::optional<double> fraction, std::string message = {}) const;

  // Whether the work is no longer wanted: its task was cancelled, or the attempt was given to
  // another handler. `process` should return soon, with results if the work is done all the same,
  // or throw.
  bool cancelled() const { return cancelled_.load(std::memory_order_acquire); }
  // Why, for a person; empty before.
  std::string cancel_reason() const;
  // Waits until the step is cancelled or `time` is over; says whether it is.
  bool wait_cancelled(std::chrono::nanoseconds time) const;
  // Throws CancelledError if the step is cancelled.
  void throw_if_cancelled() const;
  // Called by the worker. Thread-safe.
  void Cancel(std::string reason = {});

  // How long the attempt may still take, counted from when it arrived; never negative. nullopt: as
  // long as it likes.
  std::optional<std::chrono::nanoseconds> time_left() const;

  // Names this attempt, for Client::CompleteStep: URL-safe Base64 without padding.
  std::string token() const;
  // Publishes an event of your own with this attempt's result, in the same commit. `name`: dotted,
  // lower case (`order.paid`); `payload`: an object of at most 64 KiB. At most 100 of one attempt.
  // Throws InvalidEventError.
  void publish(std::string name, const Json& payload = Json::object()) const;
  // The step ends later, by Client::CompleteStep with `token()`: what `process` returns is ignored,
  // an exception is not. `timeout`: fail the attempt after that; nullopt: as long as the step may
  // take.
  void defer(std::optional<std::chrono::milliseconds> timeout = std::nullopt) const;

  // The trace that the task belongs to, as in W3C Trace Context; empty: none.
  const std::string& traceparent() const;
  const std::string& tracestate() const;

  // What `process_results` has set; null before.
  const Json& results() const { return results_; }
  // Sets what the steps that depend on this one will read.
  void set_results(Json results) { results_ = std::move(results); }

  // What was asked for by `publish` and `defer`; read by the worker once the handler has returned.
  StepEffects& effects() const { return effects_; }

 private:
  const v1::Assignment& assignment_;
  StepReporter* const reporter_;
  const LazyJson handler_config_;
  const LazyJson item_;
  const LazyJson checkpoint_;
  // Only where there is one: reading the clock costs.
  const std::optional<std::chrono::steady_clock::time_point> ends_at_;
  std::atomic<bool> cancelled_ = false;
  mutable absl::Mutex mutex_;
  std::string cancel_reason_ ABSL_GUARDED_BY(mutex_);
  mutable StepEffects effects_;
  Json results_;
};

}  // namespace tasker::client
