// Gathering what is wrong with a YAML text.
#pragma once

#include <string>

#include "config/diagnostic.h"
#include "config/yaml/place.h"

namespace tasker::config {

// Adds diagnostics that know where they belong. One file, one thread.
class YamlReport {
 public:
  // `strict`: what has no effect, such as a mistyped key, is an error.
  explicit YamlReport(std::string file, bool strict = false)
      : file_(std::move(file)), strict_(strict) {}

  void Error(Place where, std::string key_path, std::string message);
  void Warn(Place where, std::string key_path, std::string message);
  // Concerning the file as a whole.
  void Error(std::string message);
  // What stands there is passed over: a warning, or an error for the strict.
  void NoEffect(Place where, std::string key_path, std::string message);

  bool has_errors() const { return errors_ > 0; }

  // Whether so much has been told that what follows is only counted: looking for the nearest
  // spelling of one more word would be time lost, and a hostile file has millions.
  bool full() const { return errors_ >= kToldMax || warnings_ >= kToldMax; }

  // All that were told, each once and in the order of the text; what concerns the whole file comes
  // first, such as how many were not told.
  Diagnostics Take();

 private:
  void Add(Diagnostic::Severity severity, Place where, std::string key_path, std::string message);

  // Of errors, and of warnings.
  static constexpr int kToldMax = 200;

  const std::string file_;
  const bool strict_;
  Diagnostics diagnostics_;
  int errors_ = 0;
  int warnings_ = 0;
};

}  // namespace tasker::config
