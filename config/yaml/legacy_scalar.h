// Plain words that YAML 1.1, and with it the Rails engine, takes for something else.
#pragma once

#include <string>

#include "config/yaml/yaml_report.h"
#include "config/yaml/yaml_value.h"

namespace tasker::config {

// What a plain scalar is in YAML 1.1 as Ruby's Psych reads it, for a person (`true`, `8`, `a
// date`), if that is something else than in YAML 1.2's core schema, which counts here; else empty.
std::string ReadingInYaml11(const std::string& plain);

// Warns if `value` is such a scalar. `is_text`: it stands where only a text can stand, so that
// nobody takes it for a date.
void WarnOfYaml11(const YamlValue& value, const std::string& path, bool is_text,
                  YamlReport& report);

}  // namespace tasker::config
