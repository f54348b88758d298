// YAML values as JSON.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "config/yaml/yaml_report.h"
#include "config/yaml/yaml_value.h"

namespace tasker::config {

// Which text of a scalar counts.
enum class VariableForm : std::uint8_t {
  // With its variables filled in.
  kFilled,
  // As it stands in the text.
  kWritten
};

// Maps keep their order, and plain scalars get the type that YAML 1.2's core schema gives them; one
// in which variables were filled in is a text. Aliases are written out.
nlohmann::ordered_json ToJson(const YamlValue& value, VariableForm form);
nlohmann::ordered_json ToJson(const YamlMap& map, VariableForm form);

// A plain scalar, as ToJson takes it.
nlohmann::ordered_json PlainToJson(const std::string& plain);

// Warns of each scalar below `value` that YAML 1.1 reads otherwise; see legacy_scalar.h.
void WarnOfYaml11Below(const YamlValue& value, const std::string& path, YamlReport& report);

}  // namespace tasker::config
