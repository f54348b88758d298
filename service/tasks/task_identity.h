// Which requests ask for the same task.
#pragma once

#include <optional>
#include <string_view>

#include "absl/status/statusor.h"

#include "engine/model/ids.h"
#include "engine/model/task_template.h"

namespace tasker::service {

// The id that every request for the same task gets, by the key given or, without one, by what the
// template says: a hash (SHA-256, cut to a UUID of version 8, RFC 9562) of namespace and name with
// the key, or of namespace, name, version and context as JSON, whatever the order of its keys and
// its white space. Nullopt: every request asks for a task of its own.
// Error: INVALID_ARGUMENT: the template demands a key, and there is none.
absl::StatusOr<std::optional<engine::TaskId>> SharedTaskId(
    const engine::TaskTemplate& task_template, std::string_view idempotency_key,
    std::string_view context_json);

}  // namespace tasker::service
