#include "config/diagnostic.h"

#include <algorithm>
#include <tuple>

namespace tasker::config {

std::string Diagnostic::ToString() const {
  std::string text = file;
  if (line > 0) text += ":" + std::to_string(line) + ":" + std::to_string(column);
  text += severity == Severity::kError ? ": error: " : ": warning: ";
  if (!key_path.empty()) text += key_path + ": ";
  return text + message;
}

bool HasErrors(const Diagnostics& diagnostics) {
  return std::ranges::any_of(diagnostics, [](const Diagnostic& diagnostic) {
    return diagnostic.severity == Diagnostic::Severity::kError;
  });
}

void SortAndDropRepeated(Diagnostics& diagnostics) {
  const auto order = [](const Diagnostic& diagnostic) {
    return std::tie(diagnostic.line, diagnostic.column, diagnostic.severity, diagnostic.key_path,
                    diagnostic.message);
  };
  std::ranges::stable_sort(diagnostics, {}, order);
  // Not of std::ranges, whose result clang 14, which fuzzes, cannot compile with this library.
  diagnostics.erase(std::unique(diagnostics.begin(), diagnostics.end()), diagnostics.end());
}

std::string ToString(const Diagnostics& diagnostics) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (!text.empty()) text += '\n';
    text += diagnostic.ToString();
  }
  return text;
}

}  // namespace tasker::config
