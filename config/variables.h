// `${VAR}` in strings.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tasker::config {

// The value of a variable, nullopt if it is not set. Null: no variable is set.
using VariableLookup = std::function<std::optional<std::string>(std::string_view name)>;

// Looks in this process's environment as it is when called.
VariableLookup EnvironmentVariables();

// A text with its variables filled in.
struct Interpolated {
  std::string text;
  // Names that were referred to, are not set and have no default, in order; each stays literal.
  std::vector<std::string> unset;
};

// Fills in `${NAME}` and `${NAME:-default}` (the default also stands in for an empty value, as in a
// shell); `$$` is not special and a `${` that is not a well-formed reference stays as it is. NAME
// is a letter or underscore, then letters, digits and underscores. What was filled in is not looked
// at again.
Interpolated Interpolate(std::string_view text, const VariableLookup& variables);

}  // namespace tasker::config
