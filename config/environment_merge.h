// Laying one of a template's environments over it.
#pragma once

#include <string>

#include "config/yaml/yaml_document.h"
#include "config/yaml/yaml_report.h"

namespace tasker::config {

// The template's top level as it is in `environment`: any key may be overridden; maps are merged
// deeply, the items of `step_templates` by their names, and everything else is replaced. Values are
// shared, not copied, so that they keep their places in the text. An environment that the template
// does not have changes nothing; an override of an unknown step has no effect (YamlReport).
YamlMap MergeEnvironment(YamlDocument& document, const std::string& environment,
                         YamlReport& report);

}  // namespace tasker::config
