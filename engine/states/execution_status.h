// What a task as a whole is doing.
#pragma once

#include "engine/states/task_machine.h"
#include "engine/tasks/task_run.h"
#include "tasker/v1/task.pb.h"

namespace tasker::engine {

// Derived from nothing but how many steps are in which state. Meanings: tasker/v1/task.proto.
v1::ExecutionStatus ExecutionStatusOf(const StepCounts& counts);

}  // namespace tasker::engine
