// What the loader made of a template, for people and scripts.
#pragma once

#include <nlohmann/json.hpp>

#include "engine/model/task_template.h"

namespace tasker::config {

// The template with its defaults filled in and its environment merged, as an object: `name,
// namespace_name, version, description, module_namespace, task_handler_class, concurrent,
// has_schema`, what else is set, and `steps`, each with `name, description, handler_class,
// depends_on, retryable, retry_limit, skippable, dependent_system, handler_config` and what else is
// set, under the template's own keys. What is absent is null where it always stands. Variables are
// shown or not as the template was loaded; spans of time as `1m30s`.
nlohmann::ordered_json ResolvedJson(const engine::TaskTemplate& resolved);

}  // namespace tasker::config
