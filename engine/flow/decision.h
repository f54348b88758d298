// What a decision chose.
#pragma once

#include <vector>

#include "absl/status/statusor.h"

#include "engine/model/expression.h"
#include "engine/model/ids.h"
#include "engine/model/task_template.h"

namespace tasker::engine {

// The branches of `decision`, a step of `of` that is one, that its results choose. Errors:
// INVALID_ARGUMENT: the results cannot be read so, or name what is none of the branches.
absl::StatusOr<std::vector<StepIndex>> ChosenBranches(const TaskTemplate& of, StepIndex decision,
                                                      const ExpressionScope& scope);

}  // namespace tasker::engine
