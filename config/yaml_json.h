// YAML values as JSON.
#pragma once

#include <cstddef>
#include <string>

#include <nlohmann/json.hpp>
#include <yaml-cpp/yaml.h>

#include "config/variables.h"
#include "config/yaml_report.h"

namespace tasker::config {

// Converts values to JSON: maps keep their order, and plain scalars get the type that YAML 1.2's
// core schema gives them. Aliases are written out, up to a number of values that no honest file
// reaches.
class YamlToJson {
 public:
  using Json = nlohmann::ordered_json;

  // `report` must outlive it. Variables are filled in, and unset ones warned of; with null
  // `variables` strings stay as they are.
  YamlToJson(const VariableLookup* variables, YamlReport* report)
      : variables_(variables), report_(*report) {}

  // `path` names the value in messages. Null, with an error reported, if it cannot be converted.
  Json Convert(const YAML::Node& node, const std::string& path) { return At(node, path, 0); }

 private:
  Json At(const YAML::Node& node, const std::string& path, int depth);
  Json Scalar(const YAML::Node& node, const std::string& path);

  const VariableLookup* variables_;
  YamlReport& report_;
  std::size_t values_ = 0;
  bool refused_ = false;
};

}  // namespace tasker::config
