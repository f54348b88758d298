// Filling in the variables of a whole tree.
#pragma once

#include "config/variables.h"
#include "config/yaml/yaml_report.h"
#include "config/yaml/yaml_value.h"

namespace tasker::config {

// Fills in `${NAME}` in every scalar below `map`, keys left out, and keeps what was written. A
// variable that is not set is warned of, or with `strict` an error; so is, always, one whose value
// is no text.
void FillVariables(const YamlMap& map, const VariableLookup& variables, bool strict,
                   YamlReport& report);

}  // namespace tasker::config
