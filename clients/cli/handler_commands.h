// `tasker handlers list`.
#pragma once

#include "CLI/CLI.hpp"

#include "clients/cli/session.h"

namespace tasker::cli {

// Adds its commands to an app. Must outlive the parsing and the action that it sets.
class HandlerCommands {
 public:
  HandlerCommands(CLI::App& app, Session& session);

 private:
  ExitCode List(Connection& connection);

  Session& session_;
  v1::ListHandlersRequest list_request_;
};

}  // namespace tasker::cli
