// Filling in skeletons.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "clients/cli/generate/skeleton_values.h"

namespace tasker::cli::generate {

// `skeleton`, a text in the Mustache language, with `values` filled in; nothing is escaped. What is
// between `{{#in_modules}}` and `{{/in_modules}}` is put into `values.modules` and indented, as
// Ruby's layout asks for. INTERNAL: the skeleton is not well formed.
absl::StatusOr<std::string> Fill(std::string_view skeleton, const Values& values);

}  // namespace tasker::cli::generate
