// `tasker task create|show|watch|list|cancel`.
#pragma once

#include <string>
#include <vector>

#include "CLI/CLI.hpp"

#include "clients/cli/session.h"

namespace tasker::cli {

// Adds its commands to an app. Must outlive the parsing and the action that it sets.
class TaskCommands {
 public:
  TaskCommands(CLI::App& app, Session& session);

 private:
  void AddCreate(CLI::App& group);
  void AddList(CLI::App& group);
  void AddOthers(CLI::App& group);

  ExitCode Create(Connection& connection);
  ExitCode Show(Connection& connection);
  ExitCode List(Connection& connection);
  ExitCode Cancel(Connection& connection);

  Session& session_;
  // Options are parsed straight into the requests where they fit.
  v1::CreateTaskRequest create_request_;
  std::string context_file_;
  std::vector<std::string> tags_;
  std::vector<std::string> bypass_;
  std::string priority_;
  bool quiet_ = false;
  bool watch_ = false;
  v1::ListTasksRequest list_request_;
  std::string list_state_;
  std::uint32_t list_limit_ = 0;
  v1::CancelTaskRequest cancel_request_;
  // Of show and watch.
  std::string task_id_;
};

}  // namespace tasker::cli
