// What a step that is generated means for the task's template.
#pragma once

#include <filesystem>
#include <string>

#include "absl/status/statusor.h"

#include "clients/cli/generate/plan.h"

namespace tasker::cli::generate {

// What the user is to do so that the template in `file` has the step, or that it has it already.
// Nothing is changed there. `lines` are the step's own in a template.
//
// INVALID_ARGUMENT: the file has mistakes, has not the steps that the step is to depend on, or is
// of another namespace than `setting` asks for. NOT_FOUND: it cannot be read.
absl::StatusOr<std::string> AdviceOnTemplate(const std::filesystem::path& file,
                                             const StepRequest& request, const Setting& setting,
                                             const std::string& lines);

// OK if `yaml` is a template without mistakes and warnings. INVALID_ARGUMENT: the first of them.
absl::Status CheckNewTemplate(const std::string& yaml, const std::filesystem::path& file);

}  // namespace tasker::cli::generate
