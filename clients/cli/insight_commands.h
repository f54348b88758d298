// `tasker task history|explain|signal`.
#pragma once

#include <string>

#include "CLI/CLI.hpp"

#include "clients/cli/session.h"

namespace tasker::cli {

// Adds its commands to the group `task` of an app. Must outlive the parsing and the action that it
// sets.
class InsightCommands {
 public:
  InsightCommands(CLI::App& app, Session& session);

 private:
  ExitCode History(Connection& connection);
  ExitCode Explain(Connection& connection);
  ExitCode Signal(Connection& connection);

  Session& session_;
  std::string task_id_;
  v1::ExplainTaskRequest explain_request_;
  v1::SignalTaskRequest signal_request_;
  std::string payload_file_;
};

}  // namespace tasker::cli
