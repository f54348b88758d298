// `tasker template rehearse|migrate`.
#pragma once

#include <string>

#include "CLI/CLI.hpp"

#include "clients/cli/session.h"

namespace tasker::cli {

// Adds its commands to the group `template` of an app, which must be there. Must outlive the
// parsing and the action that it sets.
class TemplateUpgradeCommands {
 public:
  TemplateUpgradeCommands(CLI::App& app, Session& session);

 private:
  ExitCode Rehearse(Connection& connection);
  ExitCode Migrate(Connection& connection);
  // Applies the file that `migrate` was given, and has its version be the one to move to.
  ExitCode ApplyFile(Connection& connection);

  Session& session_;
  // A file, or the name of a template that was applied.
  std::string what_;
  std::string to_version_;
  // Options are parsed straight into the requests.
  v1::RehearseTemplateRequest rehearse_request_;
  v1::MigrateTasksRequest migrate_request_;
};

}  // namespace tasker::cli
