// `tasker template files`.
#pragma once

#include "CLI/CLI.hpp"

#include "clients/cli/session.h"

namespace tasker::cli {

// Adds its command to the group `template` of an app. Must outlive the parsing and the action that
// it sets.
class TemplateFileCommands {
 public:
  TemplateFileCommands(CLI::App& app, Session& session);

 private:
  ExitCode ListFiles(Connection& connection);
  void Print(const v1::ListTemplateFilesResponse& all) const;

  Session& session_;
  bool only_problems_ = false;
};

}  // namespace tasker::cli
