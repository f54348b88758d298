// Gathering what is wrong with a YAML text.
#pragma once

#include <string>

#include <yaml-cpp/yaml.h>

#include "config/diagnostic.h"

namespace tasker::config {

// Adds diagnostics that know where a node stands. One file, one thread.
class YamlReport {
 public:
  explicit YamlReport(std::string file) : file_(std::move(file)) {}

  void Error(const YAML::Mark& where, std::string key_path, std::string message);
  void Warn(const YAML::Mark& where, std::string key_path, std::string message);
  // Concerning the file as a whole.
  void Error(std::string message);

  bool has_errors() const { return HasErrors(diagnostics_); }

  // All of them, in the order of the text; what concerns the whole file comes first.
  Diagnostics Take();

 private:
  void Add(Diagnostic::Severity severity, const YAML::Mark& where, std::string key_path,
           std::string message);

  const std::string file_;
  Diagnostics diagnostics_;
};

}  // namespace tasker::config
