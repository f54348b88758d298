// A task's history as a story: what happened, how long it took, and where the time went.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "tasker/v1/event.pb.h"
#include "tasker/v1/task_service.pb.h"

namespace tasker::cli {

// One line of it.
struct TimelineRow {
  absl::Time at;
  // Since the first line.
  absl::Duration after;
  // As in HistoryEntry; empty: the task itself.
  std::string step;
  // Such as `attempt 2 failed, tries again`.
  std::string what;
  // How long the state lasted that this line ends; nullopt: it ends none.
  std::optional<absl::Duration> took;
  std::string actor;
  // Why; may be empty.
  std::string detail;
};

// Where the time of one step went. Item by item for a `for_each` step.
struct StepTimes {
  std::string step;
  // Its last state.
  std::string state;
  std::uint32_t attempts = 0;
  // Of these.
  std::uint32_t failed = 0;
  // Ready, and waiting for a handler.
  absl::Duration queued;
  // At handlers.
  absl::Duration running;
  // Waiting for the next attempt.
  absl::Duration backoff;
};

// Immutable.
struct Timeline {
  std::vector<TimelineRow> rows;
  // In the order in which they first did something.
  std::vector<StepTimes> steps;

  // `entries`: a whole history, oldest first. Custom events that it holds become lines of their
  // own.
  static Timeline Of(const google::protobuf::RepeatedPtrField<v1::HistoryEntry>& entries);

  // One sentence on the whole: `complete after 1.2s: 5 steps, 6 attempts, 1 of them failed`.
  std::string Summary() const;
};

}  // namespace tasker::cli
