// Fresh ids for tasks.
#pragma once

#include "engine/model/ids.h"
#include "engine/model/time.h"

namespace tasker::service {

// A UUID of version 7: the milliseconds of `now`, then 64 bits of chance; the rest is such that
// tasks of the same few seconds share a slot (storage/keys.h). So tasks that are made one after the
// other lie side by side in the store, which makes writing them cheaper. Thread-safe.
engine::TaskId NewTaskId(engine::Timestamp now);

}  // namespace tasker::service
