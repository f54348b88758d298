// Templates that nobody would write, but somebody could.
#pragma once

#include <string>

#include "engine/model/task_template.h"
#include "tests/simulation/random_source.h"

namespace tasker::simulation {

// A valid template called `name` with every kind of step, read by the real loader. `sub_task` names
// a template that its sub-tasks run; empty: it has none.
engine::TaskTemplatePtr RandomTemplate(RandomSource& random, const std::string& name,
                                       const std::string& sub_task);

}  // namespace tasker::simulation
