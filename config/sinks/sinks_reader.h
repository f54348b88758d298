// Reads the section `sinks` of a settings file.
#pragma once

#include <string_view>
#include <vector>

#include "config/diagnostic.h"
#include "config/sinks/sink_settings.h"
#include "config/variables.h"
#include "config/yaml/yaml_report.h"
#include "config/yaml/yaml_value.h"

namespace tasker::config {

// What a variable is that is not set.
enum class UnsetVariables : std::uint8_t {
  // An error: the program that is going to use the sinks reads them.
  kRefused,
  // Set elsewhere: what refers to one is passed over. The service only checks what it may see,
  // and has no business with the sinks' secrets.
  kPassedOver
};

// Reads the value of `sinks`, fills in `${VAR}` in it, and reports every mistake by its place. The
// sinks without mistakes come back. Thread-safe.
std::vector<SinkSettings> ReadSinks(const YamlValue& list, const VariableLookup& variables,
                                    UnsetVariables unset, YamlReport& report);

// What became of a text.
struct LoadedSinks {
  std::vector<SinkSettings> sinks;
  Diagnostics diagnostics;
};

// Reads a file of which `sinks` counts alone: one of their own, or the service's settings, whose
// other sections are not looked into. That there is no sink is an error. Never throws. Thread-safe.
LoadedSinks LoadSinks(std::string_view yaml, std::string_view source_name,
                      const VariableLookup& variables);

}  // namespace tasker::config
