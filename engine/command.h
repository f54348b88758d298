// Everything that can be asked of a partition.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "engine/model/attempt_token.h"
#include "engine/model/ids.h"
#include "engine/model/payload.h"
#include "engine/model/task_template.h"
#include "tasker/v1/task.pb.h"

namespace tasker::engine {

// Who asked for a task, and why.
struct TaskOrigin {
  std::string initiator = "unknown";
  std::string source_system = "unknown";
  std::string reason = "unknown";
  std::vector<std::string> tags;
};

// Creates a task. Fails with ALREADY_EXISTS if `task` is taken by an open task.
struct CreateTask {
  TaskId task;
  TaskTemplatePtr task_template;
  // A JSON object that satisfies the template's schema; checked by the caller.
  Payload context;
  TaskOrigin origin;
};

// Cancels an open task. Fails with NOT_FOUND if no open task has that id.
struct CancelTask {
  TaskId task;
  std::string actor;
  std::string reason;
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
};

// A session ended; the attempts it holds keep their leases. Ignored if it is not the newest of its
// instance.
struct DisconnectHandler {
  SessionId session;
};

// A session wants no more assignments.
struct DrainHandler {
  SessionId session;
};

// An attempt ended well.
struct CompleteAttempt {
  SessionId session;
  AttemptToken token;
  Payload results;
};

// An attempt failed.
struct FailAttempt {
  SessionId session;
  AttemptToken token;
  v1::Failure failure;
};

// Attempts are still being worked on. Tokens that are not current are ignored.
struct RenewLeases {
  SessionId session;
  std::vector<AttemptToken> tokens;
};

// Does what has become due; to be given at or after Partition::NextTimer().
struct FireTimers {};

using Command = std::variant<CreateTask, CancelTask, RegisterHandler, DisconnectHandler,
                             DrainHandler, CompleteAttempt, FailAttempt, RenewLeases, FireTimers>;

}  // namespace tasker::engine
