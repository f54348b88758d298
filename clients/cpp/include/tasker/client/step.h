// The step to do, as its handler sees it.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tasker/client/lazy_json.h"

namespace tasker::v1 {
class Assignment;
}

namespace tasker::client {

// One attempt of one step. Lives until `process_results` returns.
//
// What it was made with never changes and may be read by any thread, as may `cancelled`. Its
// results belong to the thread that runs the handler.
class Step {
 public:
  // Takes the settings out of `assignment`.
  explicit Step(v1::Assignment& assignment);

  // Unique over all tasks: the task's id, a dot, the step's index.
  const std::string& id() const { return id_; }
  // The step's name in its template.
  const std::string& name() const { return name_; }
  // The class registered for that the step asks for.
  const std::string& handler_class() const { return handler_class_; }
  // The step's settings from the template, a JSON object; null if it has none.
  const Json& handler_config() const { return handler_config_.value(); }
  // The same as text; empty if none.
  std::string_view handler_config_json() const { return handler_config_.text(); }
  // Which attempt this is, from 1.
  std::uint32_t attempt_number() const { return attempt_number_; }
  // Attempts allowed in all.
  std::uint32_t retry_limit() const { return retry_limit_; }

  // In an item of a `for_each` step: the element to work on, else null; and its place, from 0.
  const Json& item() const { return item_.value(); }
  std::optional<std::uint32_t> item_index() const { return item_index_; }
  // What an earlier attempt left behind; null: nothing.
  const Json& checkpoint() const { return checkpoint_.value(); }

  // Whether the work is no longer wanted: its task was cancelled, or the attempt was given to
  // another handler. `process` should return soon, with results if the work is done all the same,
  // or throw.
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }
  // Called by the worker. Thread-safe.
  void Cancel() { cancelled_.store(true, std::memory_order_relaxed); }

  // What `process_results` has set; null before.
  const Json& results() const { return results_; }
  // Sets what the steps that depend on this one will read.
  void set_results(Json results) { results_ = std::move(results); }

 private:
  const std::string id_;
  const std::string name_;
  const std::string handler_class_;
  const LazyJson handler_config_;
  const std::uint32_t attempt_number_;
  const std::uint32_t retry_limit_;
  const LazyJson item_;
  const std::optional<std::uint32_t> item_index_;
  const LazyJson checkpoint_;
  std::atomic<bool> cancelled_ = false;
  Json results_;
};

}  // namespace tasker::client
