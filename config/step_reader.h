// The steps of a template, from YAML.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/step_limits.h"
#include "config/yaml/yaml_report.h"
#include "config/yaml/yaml_value.h"
#include "engine/model/task_template.h"

namespace tasker::config {

// What steps take from their template.
struct StepContext {
  // `default_dependent_system`.
  std::optional<std::string> dependent_system;
  // `named_steps`; unset: any name will do.
  std::optional<std::vector<std::string>> named_steps;
  // Whether what is for people alone shows what variables hold; see TemplateOptions.
  bool reveal_variables = false;
  // The template's own `retry` and `timeouts`.
  LimitDefaults limits;
  // The template's namespace.
  std::string namespace_name;
};

// Reads the list under `step_templates`: names, settings, and parents as indices. What is wrong is
// reported, cycles included; the result is of use only if nothing was.
std::vector<engine::StepTemplate> ReadSteps(const YamlValue& list, const StepContext& context,
                                            YamlReport& report);

}  // namespace tasker::config
