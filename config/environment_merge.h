// Laying one of a template's environments over it.
#pragma once

#include <string>

#include "config/yaml_document.h"
#include "config/yaml_report.h"

namespace tasker::config {

// `base` with the keys of `overrides` laid over it: maps are merged deeply, everything else is
// replaced. Nodes are shared, not copied, so that they keep their places in the text.
YAML::Node MergeDeeply(const YAML::Node& base, const YAML::Node& overrides);

// The template's top level as it is in `environment`: any key may be overridden, and the items of
// `step_templates` are matched by name. An environment that the template does not have changes
// nothing; an override of an unknown step is ignored with a warning.
YamlMap MergeEnvironment(YamlMap top, const std::string& environment, YamlReport& report);

}  // namespace tasker::config
