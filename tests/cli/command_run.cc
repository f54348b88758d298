#include "tests/cli/command_run.h"

#include <sstream>

#include "clients/cli/app.h"

namespace tasker::cli {

CommandResult RunCommand(const std::vector<std::string>& arguments, const CommandSetting& setting) {
  std::istringstream in(setting.input);
  std::ostringstream out;
  std::ostringstream err;
  Console console{.in = in,
                  .out = out,
                  .err = err,
                  .out_is_terminal = setting.terminal,
                  .color = setting.terminal,
                  .size = [size = setting.size] { return size; }};
  const ExitCode code = Run(arguments, console);
  return {.code = code, .out = out.str(), .err = err.str()};
}

CommandResult RunCommand(const FakeServer& server, std::vector<std::string> arguments,
                         const CommandSetting& setting) {
  arguments.insert(arguments.begin(), {"--server", server.address()});
  CommandResult result = RunCommand(arguments, setting);
  FakeServer::SeeAnswers();
  return result;
}

}  // namespace tasker::cli
