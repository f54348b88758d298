// What a task as a whole is doing, and what would be of use to it.
#pragma once

#include <string>

#include "engine/states/task_machine.h"
#include "engine/tasks/task_run.h"
#include "tasker/v1/task.pb.h"

namespace tasker::engine {

// Derived from nothing but how many steps are in which state, and whether the task is paused.
// Meanings: tasker/v1/task.proto.
v1::ExecutionStatus ExecutionStatusOf(const StepCounts& counts, bool paused);

// What would be of use, in the Rails engine's words. Source: shared FEATURES, "states".
std::string RecommendedAction(v1::ExecutionStatus status);

// `healthy`, `recovering` or `blocked`. Source: shared FEATURES, "states".
std::string HealthStatus(const StepCounts& counts);

}  // namespace tasker::engine
