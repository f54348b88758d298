// Everything that commands bring about, to be made durable first and let out of the house after.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/model/attempt_token.h"
#include "engine/model/ids.h"
#include "engine/model/payload.h"
#include "engine/model/task_template.h"
#include "engine/states/step_machine.h"
#include "tasker/storage/v1/records.pb.h"

namespace tasker::engine {

// A change to one stored record.
struct RecordWrite {
  enum class Kind : std::uint8_t {
    // A TaskRecord.
    kTask,
    // The task's context: JSON.
    kContext,
    // A StepRecord, of `step`.
    kStep,
    // A HistoryRecord, to be added behind the task's others.
    kHistory,
    // The task is open: to be read at the next start.
    kOpen,
    // The task is open no more: removes the mark.
    kClosed,
    // The task exists, made at `created_at_us`: its place in lists.
    kCreated,
  };

  Kind kind;
  TaskId task;
  StepIndex step{};
  std::int64_t created_at_us = 0;
  // Empty for marks.
  std::string value;
};

// Results that an assignment carries along.
struct DependencyResults {
  StepIndex step{};
  StepState state{};
  Payload results;
};

// A step to be handed to a handler.
struct Assignment {
  SessionId session{};
  AttemptToken token;
  TaskTemplatePtr task_template;
  Payload context;
  std::vector<DependencyResults> dependencies;
};

// What became of a result.
enum class ResultOutcome : std::uint8_t {
  kApplied,
  kAlreadyApplied,
  kStale,
  // No open task has that id: the store knows whether the result was applied before it finished.
  kNotOpen,
};

struct Acknowledgement {
  SessionId session{};
  AttemptToken token;
  ResultOutcome outcome{};
};

// An attempt whose work is no longer wanted.
struct Cancellation {
  SessionId session{};
  AttemptToken token;
  std::string reason;
};

// A session is registered; goes out before its first assignment.
struct Registration {
  SessionId session{};
  // Held attempts that are no longer current.
  std::vector<AttemptToken> stale;
};

// Each list is in the order in which things came about.
struct Effects {
  std::vector<RecordWrite> records;
  std::vector<storage::v1::EventRecord> events;
  std::vector<Registration> registrations;
  std::vector<Acknowledgement> acknowledgements;
  std::vector<Assignment> assignments;
  std::vector<Cancellation> cancellations;

  // Whether anything has to be durable before the rest may be let out.
  bool NeedsCommit() const { return !records.empty() || !events.empty(); }
};

}  // namespace tasker::engine
