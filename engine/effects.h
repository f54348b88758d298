// Everything that commands bring about, to be made durable first and let out of the house after.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/command.h"
#include "engine/events/event_list.h"
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
    // The task is open: to be read at the next start. If it was finished, `at_us` is since when.
    kOpen,
    // The task is open no more: removes the mark. `at_us` is when it finished, the value a
    // FinishedRecord.
    kClosed,
    // The task exists, made at `at_us`: its place in lists.
    kCreated,
    // Removes the StepRecord of `step`.
    kStepGone,
    // The PausesRecord of the partition; `task` is nobody's.
    kPauses,
  };

  Kind kind;
  TaskId task;
  StepIndex step{};
  // Microseconds since the Unix epoch; 0: does not apply.
  std::int64_t at_us = 0;
  // Empty for marks.
  std::string value;
};

// Results that an assignment carries along.
struct DependencyResults {
  StepIndex step{};
  StepState state{};
  Payload results;
};

// Which item of a `for_each` step an assignment is.
struct ItemOf {
  std::uint32_t index = 0;
  // JSON.
  Payload item;
};

// What a task was asked for with, beside its context.
struct TaskRequest {
  TaskOrigin origin;
  std::vector<std::string> bypassed;
  Timestamp at;
};

// A step to be handed to a handler.
struct Assignment {
  SessionId session{};
  AttemptToken token;
  TaskTemplatePtr task_template;
  // The step's place in `task_template`; the token's is that of the item, if it is one.
  StepIndex template_step{};
  Payload context;
  std::vector<DependencyResults> dependencies;
  // Attempts that count against the limit, this one included.
  AttemptNumber attempt{};
  std::optional<ItemOf> item = {};
  // What an earlier attempt left behind; null: nothing.
  Payload checkpoint = nullptr;
  Priority priority = Priority::kNormal;
  // As in TaskOrigin.
  std::string traceparent = {};
  std::string tracestate = {};
  // Set in the assignment that initialises the task.
  std::optional<TaskRequest> request = {};
};

// A step wants a task to be run. Answered by CreateTask with that id and parent, or by
// RefuseSubTask. May come again after a restart, with the same id.
struct SubTaskRequest {
  ParentStep parent;
  TaskId sub_task;
  // The template asked for; its version may be empty, for the highest.
  TemplateId template_id;
  Payload context;
  TaskOrigin origin;
  Priority priority = Priority::kNormal;
};

// What became of a result.
enum class ResultOutcome : std::uint8_t {
  kApplied,
  kAlreadyApplied,
  kStale,
  // No open task has that id: the store knows whether the result was applied before it finished.
  kNotOpen,
};

// A result was dealt with.
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
  // Whether the token is stale already.
  bool superseded = false;
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
  EventList events;
  std::vector<Registration> registrations;
  std::vector<Acknowledgement> acknowledgements;
  std::vector<Assignment> assignments;
  std::vector<Cancellation> cancellations;
  // Sessions that asked to be handed nothing more, and will not be.
  std::vector<SessionId> drained;
  std::vector<SubTaskRequest> sub_tasks;

  // Whether anything has to be durable before the rest may be let out.
  bool NeedsCommit() const { return !records.empty() || !events.empty(); }
};

}  // namespace tasker::engine
