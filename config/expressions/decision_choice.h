// What the results of a decision choose.
#pragma once

#include "engine/model/expression.h"

namespace tasker::config {

// An expression over the results of the step `decision` itself. Its Names() are those that the
// results choose: `{"create_steps": ["a"]}` or `{"branches": ["a"]}`; none at all for
// `{"no_branches": true}`; and the Rust successor's `{"type": "create_steps", "step_names": ["a"]}`
// and `{"type": "no_branches"}`. Error: INVALID_ARGUMENT for anything else. Nothing but Names() is
// of use.
engine::ExpressionPtr DecisionChoice(engine::StepIndex decision);

}  // namespace tasker::config
