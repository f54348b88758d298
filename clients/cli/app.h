// From arguments to exit code.
#pragma once

#include <string>
#include <vector>

#include "clients/cli/console.h"
#include "clients/cli/exit_codes.h"

namespace tasker::cli {

// Runs the program with `arguments`, without the program's own name. Reads the environment variable
// TASKER_SERVER. Blocks until the command is done.
ExitCode Run(const std::vector<std::string>& arguments, Console& console);

}  // namespace tasker::cli
