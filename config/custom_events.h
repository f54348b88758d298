// The events that a step's handler may publish, from YAML.
#pragma once

#include <vector>

#include "config/yaml/yaml_fields.h"
#include "engine/model/task_template.h"

namespace tasker::config {

// Reads the list under `custom_events`: a name and a description each. Empty if there is none.
std::vector<engine::CustomEvent> ReadCustomEvents(const YamlFields& fields, YamlReport& report);

}  // namespace tasker::config
