// `tasker template apply|list|show`.
#pragma once

#include <string>
#include <vector>

#include "CLI/CLI.hpp"

#include "clients/cli/session.h"

namespace tasker::cli {

// Adds its commands to an app. Must outlive the parsing and the action that it sets.
class TemplateCommands {
 public:
  TemplateCommands(CLI::App& app, Session& session);

 private:
  ExitCode Apply(Connection& connection);
  ExitCode List(Connection& connection);
  ExitCode Show(Connection& connection);

  Session& session_;
  std::vector<std::string> files_;
  // Options are parsed straight into the requests.
  v1::ListTemplatesRequest list_request_;
  v1::GetTemplateRequest show_request_;
  bool source_ = false;
};

}  // namespace tasker::cli
