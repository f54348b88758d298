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

  bool has_errors() const { return errors_ > 0; }

  // Whether so much has been told that what follows is only counted: looking for the nearest
  // spelling of one more word would be time lost, and a hostile file has millions.
  bool full() const { return errors_ >= kToldMax || warnings_ >= kToldMax; }

  // All that were told, in the order of the text; what concerns the whole file comes first, such as
  // how many were not told.
  Diagnostics Take();

 private:
  void Add(Diagnostic::Severity severity, const YAML::Mark& where, std::string key_path,
           std::string message);

  // Of errors, and of warnings.
  static constexpr int kToldMax = 200;

  const std::string file_;
  Diagnostics diagnostics_;
  int errors_ = 0;
  int warnings_ = 0;
};

}  // namespace tasker::config
