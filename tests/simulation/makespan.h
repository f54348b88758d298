// Running one template through the core in virtual time, with handlers that only take time.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/partition.h"

namespace tasker::simulation {

// How long the task takes from its creation to its end if step i takes `durations[i]` and handlers
// have `slots` free slots in all. Ends the process if the task does not complete.
engine::Duration MakespanOf(const engine::TaskTemplatePtr& task_template,
                            const std::vector<engine::Duration>& durations, std::uint32_t slots);

}  // namespace tasker::simulation
