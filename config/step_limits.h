// How often, how fast and for how long a step is tried, from YAML.
#pragma once

#include <memory>

#include "config/yaml/yaml_fields.h"
#include "engine/model/task_template.h"

namespace tasker::config {

// What a template's `retry` and `timeouts` say, for the steps that say nothing themselves.
struct LimitDefaults {
  std::shared_ptr<const engine::RetryCurve> retry_curve;
  std::optional<std::uint32_t> retry_limit;
  std::vector<std::string> non_retryable;
  engine::StepTimeouts timeouts;
};

// Reads `retry` and `timeouts` of the map that `fields` reads, over `defaults`. Serves for a
// template's own and for a step's alike.
LimitDefaults ReadLimits(const YamlFields& fields, const LimitDefaults& defaults);

}  // namespace tasker::config
