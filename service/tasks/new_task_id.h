// Fresh ids for tasks.
#pragma once

#include "engine/model/ids.h"

namespace tasker::service {

// A random UUID (version 4), from the system's source of randomness. Thread-safe.
engine::TaskId NewTaskId();

}  // namespace tasker::service
