// The events that a template's handlers may publish, from YAML.
#pragma once

#include <vector>

#include "config/yaml/yaml_fields.h"
#include "engine/model/task_template.h"

namespace tasker::config {

// Reads the list under `custom_events`: name, description and JSON Schema of each. Empty if there
// is none. A name of one word, as the Rails engine's templates have them, counts behind `custom.`.
// With `reveal` people may see what variables hold.
std::vector<engine::CustomEvent> ReadCustomEvents(const YamlFields& fields, bool reveal,
                                                  YamlReport& report);

}  // namespace tasker::config
