#include <cstdlib>
#include <iostream>
#include <string>
#include <unistd.h>
#include <vector>

#include <sys/ioctl.h>

#include "clients/cli/app.h"

namespace {

bool IsSet(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

bool OutIsCapableTerminal() {
  const char* kind = std::getenv("TERM");
  return isatty(STDOUT_FILENO) == 1 && (kind == nullptr || std::string(kind) != "dumb");
}

tasker::cli::TerminalSize SizeOfOut() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {};
  return {.width = size.ws_col, .height = size.ws_row};
}

}  // namespace

int main(int argc, char** argv) {
  // Its own log lines about connections would tear the live view; we report every status.
  setenv("GRPC_VERBOSITY", "NONE", /*replace=*/0);
  std::ios::sync_with_stdio(false);
  const bool terminal = OutIsCapableTerminal();
  tasker::cli::Console console{.in = std::cin,
                               .out = std::cout,
                               .err = std::cerr,
                               .out_is_terminal = terminal,
                               .color = terminal && !IsSet("NO_COLOR"),
                               .size = SizeOfOut};
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  return static_cast<int>(tasker::cli::Run(arguments, console));
}
