// Results that come after their task has finished.
#pragma once

#include "engine/effects.h"
#include "engine/model/attempt_token.h"
#include "storage/store.h"

namespace tasker::service {

// Whether the store says that a result for `token` was applied before its task finished:
// kAlreadyApplied or kStale. Safe for concurrent use.
engine::ResultOutcome OutcomeInStore(storage::Store& store, const engine::AttemptToken& token);

}  // namespace tasker::service
