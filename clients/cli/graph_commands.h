// `tasker template graph|analyze` and `tasker task graph`.
#pragma once

#include <string>

#include "CLI/CLI.hpp"

#include "clients/cli/graph/picture_source.h"
#include "clients/cli/session.h"
#include "clients/cli/template_source.h"

namespace tasker::cli {

// Adds its commands to the groups `template` and `task` of an app. Must outlive the parsing and the
// action that it sets.
class GraphCommands {
 public:
  GraphCommands(CLI::App& app, Session& session);

 private:
  void AddTemplateOptions(CLI::App& command);
  void AddDrawingOptions(CLI::App& command);

  ExitCode GraphTemplate(Connection& connection);
  ExitCode GraphTask(Connection& connection);
  ExitCode AnalyzeOne(Connection& connection);

  // Draws to the file asked for, or to standard output.
  ExitCode Draw(const Picture& picture);

  Session& session_;
  TemplateArgument template_;
  std::string task_id_;
  // Empty: by the file's ending, else `unicode`.
  std::string format_;
  std::string file_ = "-";
  std::string direction_ = "auto";
  std::string critical_ = "auto";
  // 0: the terminal's.
  int width_ = 0;
};

}  // namespace tasker::cli
