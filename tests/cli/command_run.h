// A whole run of the program inside the test.
#pragma once

#include <string>
#include <vector>

#include "clients/cli/console.h"
#include "clients/cli/exit_codes.h"
#include "tests/cli/fake_service.h"

namespace tasker::cli {

struct CommandResult {
  ExitCode code;
  std::string out;
  std::string err;
};

// What surrounds a run.
struct CommandSetting {
  std::string input = "";
  // With a size: standard output is a terminal of that size.
  bool terminal = false;
  TerminalSize size = {};
};

// Runs `tasker ARGUMENTS...`.
CommandResult RunCommand(const std::vector<std::string>& arguments,
                         const CommandSetting& setting = {});

// Runs `tasker --server ADDRESS ARGUMENTS...`.
CommandResult RunCommand(const FakeServer& server, std::vector<std::string> arguments,
                         const CommandSetting& setting = {});

}  // namespace tasker::cli
