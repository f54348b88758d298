#include "config/yaml/yaml_report.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace tasker::config {

void YamlReport::Error(Place where, std::string key_path, std::string message) {
  Add(Diagnostic::Severity::kError, where, std::move(key_path), std::move(message));
}

void YamlReport::Warn(Place where, std::string key_path, std::string message) {
  Add(Diagnostic::Severity::kWarning, where, std::move(key_path), std::move(message));
}

void YamlReport::Error(std::string message) {
  Add(Diagnostic::Severity::kError, {}, "", std::move(message));
}

void YamlReport::NoEffect(Place where, std::string key_path, std::string message) {
  Add(strict_ ? Diagnostic::Severity::kError : Diagnostic::Severity::kWarning, where,
      std::move(key_path), std::move(message));
}

Diagnostics YamlReport::Take() {
  for (const auto& [severity, count] : {std::pair(Diagnostic::Severity::kError, errors_),
                                        std::pair(Diagnostic::Severity::kWarning, warnings_)}) {
    if (count <= kToldMax) continue;
    diagnostics_.push_back(
        {severity, file_, 0, 0, "", std::to_string(count - kToldMax) + " more are not told"});
  }
  SortAndDropRepeated(diagnostics_);
  return std::exchange(diagnostics_, {});
}

void YamlReport::Add(Diagnostic::Severity severity, Place where, std::string key_path,
                     std::string message) {
  int& count = severity == Diagnostic::Severity::kError ? errors_ : warnings_;
  if (++count > kToldMax) return;
  diagnostics_.push_back({severity, file_, static_cast<int>(where.line),
                          static_cast<int>(where.column), std::move(key_path), std::move(message)});
}

}  // namespace tasker::config
