// A mistake or a warning, and where it stands.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tasker::config {

// What is wrong at one place of a file.
struct Diagnostic {
  enum class Severity { kError, kWarning };

  Severity severity = Severity::kError;
  // The file, as its reader called it.
  std::string file;
  // From 1; 0: concerns the file as a whole.
  int line = 0;
  // From 1; 0: concerns the file as a whole.
  int column = 0;
  // The key concerned: `step_templates[2].depends_on_step`; empty for the file as a whole.
  std::string key_path;
  // What is wrong and what would be right, one sentence without a full stop.
  std::string message;

  // `file:line:column: error: key_path: message`; what is not known is left out.
  std::string ToString() const;

  bool operator==(const Diagnostic&) const = default;
};

using Diagnostics = std::vector<Diagnostic>;

// Whether any of them is an error.
bool HasErrors(const Diagnostics& diagnostics);

// Puts them in the order of their places, each once.
void SortAndDropRepeated(Diagnostics& diagnostics);

// One line each.
std::string ToString(const Diagnostics& diagnostics);

}  // namespace tasker::config
