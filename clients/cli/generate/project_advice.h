// What a project that is there already needs so that generated code is built and tested in it.
#pragma once

#include <string>
#include <vector>

#include "clients/cli/generate/plan.h"

namespace tasker::cli::generate {

// Texts for the user about files of the project that the generators leave alone: those that do not
// name Tasker's package. Empty if the files are missing, since they are generated then.
std::vector<std::string> AdviceOnProject(const Setting& setting);

}  // namespace tasker::cli::generate
