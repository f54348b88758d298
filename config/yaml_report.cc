#include "config/yaml_report.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace tasker::config {

void YamlReport::Error(const YAML::Mark& where, std::string key_path, std::string message) {
  Add(Diagnostic::Severity::kError, where, std::move(key_path), std::move(message));
}

void YamlReport::Warn(const YAML::Mark& where, std::string key_path, std::string message) {
  Add(Diagnostic::Severity::kWarning, where, std::move(key_path), std::move(message));
}

void YamlReport::Error(std::string message) {
  Add(Diagnostic::Severity::kError, YAML::Mark::null_mark(), "", std::move(message));
}

Diagnostics YamlReport::Take() {
  for (const auto& [severity, count] : {std::pair(Diagnostic::Severity::kError, errors_),
                                        std::pair(Diagnostic::Severity::kWarning, warnings_)}) {
    if (count <= kToldMax) continue;
    diagnostics_.push_back(
        {severity, file_, 0, 0, "", std::to_string(count - kToldMax) + " more are not told"});
  }
  std::ranges::stable_sort(diagnostics_, {}, [](const Diagnostic& diagnostic) {
    return std::tuple(diagnostic.line, diagnostic.column);
  });
  return std::exchange(diagnostics_, {});
}

void YamlReport::Add(Diagnostic::Severity severity, const YAML::Mark& where, std::string key_path,
                     std::string message) {
  int& count = severity == Diagnostic::Severity::kError ? errors_ : warnings_;
  if (++count > kToldMax) return;
  Diagnostic diagnostic{severity, file_, 0, 0, std::move(key_path), std::move(message)};
  if (!where.is_null()) {
    diagnostic.line = where.line + 1;
    diagnostic.column = where.column + 1;
  }
  diagnostics_.push_back(std::move(diagnostic));
}

}  // namespace tasker::config
