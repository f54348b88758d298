// Everything that can be asked of a partition.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/model/attempt_token.h"
#include "engine/model/ids.h"
#include "engine/model/payload.h"
#include "engine/model/priority.h"
#include "engine/model/task_template.h"
#include "engine/scheduling/pauses.h"
#include "tasker/v1/task.pb.h"

namespace tasker::engine {

// Who asked for a task, and why.
struct TaskOrigin {
  std::string initiator = "unknown";
  std::string source_system = "unknown";
  std::string reason = "unknown";
  std::vector<std::string> tags;
  // The trace that the task belongs to, as in W3C Trace Context; empty: none.
  std::string traceparent = {};
  std::string tracestate = {};
};

// The step that a task is run by.
struct ParentStep {
  StepRef step;
  // How many tasks are above the new one.
  std::uint32_t depth = 1;
  // How often the task above had been moved to another version when `step` was the step's place.
  std::uint32_t moves = 0;
};

// Creates a task. Fails with ALREADY_EXISTS if `task` is taken by a task that the partition knows.
struct CreateTask {
  TaskId task;
  TaskTemplatePtr task_template;
  // A JSON object that satisfies the template's schema; checked by the caller.
  Payload context;
  TaskOrigin origin;
  // Unset: as the template says.
  std::optional<Priority> priority = {};
  // Steps to leave out. Fails with INVALID_ARGUMENT if one is not `skippable`.
  std::vector<StepIndex> bypass = {};
  // Set where a step runs the task. If that step no longer waits for it, nothing is created.
  std::optional<ParentStep> parent = {};
  // Whether `task` may be the id of a task that was created before: see Partition::Wants.
  bool may_exist = false;
  // What is stored instead of `context`: that without what the template's defaults add to it, which
  // may be secret. Null: `context` itself.
  Payload stored_context = {};
};

// A task that a step wanted cannot be created: that attempt of the step fails.
struct RefuseSubTask {
  StepRef parent;
  TaskId sub_task;
  v1::Failure failure;
};

// Gives a task a signal. Fails with NOT_FOUND if no open task has that id, and with
// RESOURCE_EXHAUSTED if it keeps as many as it can.
struct SignalTask {
  TaskId task;
  std::string name;
  Payload payload;
  std::string actor;
};

// Cancels an open task. Fails with NOT_FOUND if no open task has that id.
struct CancelTask {
  TaskId task;
  std::string actor;
  std::string reason;
};

// Pauses a task: nothing more of it is handed out or begun. Changing nothing is no error, here and
// in the three that follow; for a task each fails with NOT_FOUND if no open task has that id.
struct PauseTask {
  TaskId task;
  std::string actor;
  std::string reason;
};
// Lets a paused task go on.
struct ResumeTask {
  TaskId task;
  std::string actor;
  std::string reason;
};
// Pauses a template, a namespace or a handler class.
struct PauseScope {
  PauseKey scope;
  std::string actor;
  std::string reason;
};
// Lets it go on.
struct ResumeScope {
  PauseKey scope;
};

// What an operator does to one step. Fails with NOT_FOUND if the partition knows no such task or
// step, and with FAILED_PRECONDITION if the state does not allow it.
struct RepairStep {
  enum class Action : std::uint8_t {
    // Tried again at once, with one more attempt than it has had.
    kRetry,
    // The same, with all its attempts.
    kRetryAfresh,
    // Done, with `results`.
    kResolve,
    kSkip,
    kCancel,
    // Its attempts are forgiven; its state stays.
    kResetAttempts,
  };

  TaskId task;
  // The step's name; `name[3]` is an item of a `for_each` step.
  std::string step;
  Action action{};
  Payload results;
  std::string actor;
  std::string reason;
};

// What an operator does to a task. Fails as RepairStep does.
struct RepairTask {
  enum class Action : std::uint8_t {
    // Every failed step is tried again, with all its attempts.
    kRetryFailed,
    // `from_step` and all that depends on it are as if they had never run.
    kRerun,
    // Declared done.
    kResolve,
  };

  TaskId task;
  Action action{};
  std::string from_step;
  std::string actor;
  std::string reason;
};

// Moves an open task to another version of its template; what is done stays done, and what a
// handler has at the moment goes on. On that version already, it stays as it is. Errors: NOT_FOUND:
// no open task has that id; INVALID_ARGUMENT: `to` is no version of its template;
// FAILED_PRECONDITION: the task cannot move, with a line for each reason: see
// migration/move_plan.h.
struct MigrateTask {
  TaskId task;
  TaskTemplatePtr to;
  std::string actor;
  std::string reason;
  // What the task works with from then on: what it was given, with the defaults of `to`. Null: what
  // it has.
  Payload context = {};
  // `to` with the step that initialises, for tasks that have it.
  TaskTemplatePtr to_initialized = {};
};

// One handler class that a handler serves. Empty namespace or version: any.
struct ServedClass {
  std::string handler_class;
  std::string namespace_name;
  std::string version;
  // Most unfinished assignments of this class; 0: no limit of its own.
  std::uint32_t concurrency = 0;
};

// A handler connected, or connected again. Supersedes an earlier session of the same instance.
struct RegisterHandler {
  SessionId session;
  // What it is called, for people.
  std::string name;
  // Names the process; stays the same when it connects again.
  std::string instance_id;
  // Most unfinished assignments in all, 1 or more.
  std::uint32_t concurrency = 1;
  std::vector<ServedClass> classes;
  // Attempts of an earlier session that it still holds.
  std::vector<AttemptToken> held;
  std::map<std::string, std::string> labels = {};
  // Whether it confirms each assignment by ConfirmAttempts.
  bool confirms = false;
  // Whether it says by GrantCredits how much it takes, and takes nothing before.
  bool by_credits = false;
};

// A session takes `total` assignments since its registration, held attempts apart. A smaller total
// than before changes nothing.
struct GrantCredits {
  SessionId session;
  std::uint64_t total = 0;
};

// A session ended; the attempts it holds keep their leases. Ignored if it is not the newest of its
// instance.
struct DisconnectHandler {
  SessionId session;
};

// A session wants no more assignments.
struct DrainHandler {
  SessionId session;
  // Then it is told when it will get none.
  bool asked_by_handler = false;
};

// Assignments have arrived. Tokens that are not current are ignored.
struct ConfirmAttempts {
  SessionId session;
  std::vector<AttemptToken> tokens;
};

// An event of a handler's own, or of a caller's.
struct PublishedEvent {
  std::string name;
  // A JSON object.
  Payload payload;
};

// An attempt ended well.
struct CompleteAttempt {
  SessionId session;
  AttemptToken token;
  Payload results;
  // Published with it, if it counts. Likewise in the two that follow.
  std::vector<PublishedEvent> events = {};
};

// An attempt failed.
struct FailAttempt {
  SessionId session;
  AttemptToken token;
  v1::Failure failure;
  std::vector<PublishedEvent> events = {};
};

// An attempt ends later, by EndDeferred: its handler is done with it, and its token stays current.
struct DeferAttempt {
  SessionId session;
  AttemptToken token;
  // Then it fails; zero: as long as the step lets it.
  Duration timeout{};
  std::vector<PublishedEvent> events = {};
};

// Ends an attempt from elsewhere than its handler's stream, deferred or not. Fails with
// ALREADY_EXISTS if a result of it was taken before, with ABORTED if the token is not current, and
// with NOT_FOUND if no open task has that id.
struct EndDeferred {
  TaskId task;
  AttemptToken token;
  // The results, or why it failed.
  std::variant<Payload, v1::Failure> outcome;
  std::vector<PublishedEvent> events;
  std::string actor;
};

// Publishes an event about a task. Fails with NOT_FOUND if no open task has that id.
struct PublishTaskEvent {
  TaskId task;
  PublishedEvent event;
};

// How far an attempt is.
struct Checkpoint {
  AttemptToken token;
  Payload data;
};

// The same for people; see tasker.v1.Progress. Not stored.
struct Progress {
  std::optional<double> fraction;
  std::string message;
};

// Attempts are still being worked on. Tokens that are not current are ignored.
struct RenewLeases {
  SessionId session;
  std::vector<AttemptToken> tokens;
  std::vector<Checkpoint> checkpoints = {};
  std::vector<std::pair<AttemptToken, Progress>> progress = {};
};

// Does what has become due; to be given at or after Partition::NextTimer().
struct FireTimers {};

using Command =
    std::variant<CreateTask, RefuseSubTask, SignalTask, CancelTask, PauseTask, ResumeTask,
                 PauseScope, ResumeScope, RepairStep, RepairTask, MigrateTask, RegisterHandler,
                 DisconnectHandler, DrainHandler, ConfirmAttempts, GrantCredits, CompleteAttempt,
                 FailAttempt, DeferAttempt, EndDeferred, PublishTaskEvent, RenewLeases, FireTimers>;

}  // namespace tasker::engine
