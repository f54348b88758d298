// What differs between two texts of a template.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace tasker::config {

// One place at which they differ.
struct TemplateDifference {
  // As the template's author writes it, steps by their names:
  // `step_templates[charge].default_retry_limit`.
  std::string path;
  // JSON; nullopt: it is not there.
  std::optional<std::string> before;
  std::optional<std::string> after;

  // `~ path: 3 -> 5`, `+ path: 5` or `- path: 3`; long values are cut.
  std::string ToString() const;
};

// What `after` changes, by the texts as they are written: environments apart, variables not filled
// in, comments and layout passed over. Steps are matched by their names; another order of them is a
// difference of its own, at `step_templates`. Error: INVALID_ARGUMENT: one of the two is no map in
// YAML. Never throws. Thread-safe.
absl::StatusOr<std::vector<TemplateDifference>> DiffTemplates(std::string_view before,
                                                              std::string_view after);

// One line each, `most` at the most, then how many more there are.
std::string ToString(const std::vector<TemplateDifference>& differences, std::size_t most);

}  // namespace tasker::config
