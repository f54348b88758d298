// What people do when a process cannot go on by itself: `tasker task retry|retry-all|rerun|resolve|
// pause|resume`, `tasker step retry|resolve|skip|cancel|reset`, `tasker pause list|add|remove`.
#pragma once

#include <string>

#include "CLI/CLI.hpp"

#include "clients/cli/session.h"

namespace tasker::cli {

// Adds its commands to the group `task` of an app, and groups of its own. Must outlive the parsing
// and the action that it sets.
class OperatorCommands {
 public:
  OperatorCommands(CLI::App& app, Session& session);

 private:
  using Act = ExitCode (OperatorCommands::*)(Connection& connection);

  // A command of `group` with --actor and --reason that does `act`.
  CLI::App& Add(CLI::App& group, const std::string& name, const std::string& what, Act act);
  CLI::App& AddForTask(CLI::App& group, const std::string& name, const std::string& what, Act act);
  CLI::App& AddForStep(CLI::App& group, const std::string& name, const std::string& what, Act act);
  void AddTaskCommands(CLI::App& group);
  void AddStepCommands(CLI::App& group);
  void AddPauseCommands(CLI::App& group);

  ExitCode RetryTask(Connection& connection);
  ExitCode RetryTasks(Connection& connection);
  ExitCode RerunTask(Connection& connection);
  ExitCode ResolveTask(Connection& connection);
  ExitCode PauseTask(Connection& connection);
  ExitCode ResumeTask(Connection& connection);
  ExitCode RetryStep(Connection& connection);
  ExitCode ResolveStep(Connection& connection);
  ExitCode SkipStep(Connection& connection);
  ExitCode CancelStep(Connection& connection);
  ExitCode ResetStep(Connection& connection);
  ExitCode ListPauses(Connection& connection);
  ExitCode AddPause(Connection& connection);
  ExitCode RemovePause(Connection& connection);

  // Prints what came of a call that has nothing to tell but that it was done.
  template <typename Response>
  ExitCode Report(const grpc::Status& status, const Response& response);

  Session& session_;
  v1::Operator operator_;
  std::string task_id_;
  std::string step_name_;
  bool reset_attempts_ = false;
  std::string results_;
  std::string results_file_;
  v1::RetryTasksRequest retry_tasks_request_;
  std::string from_step_;
  v1::PauseScope scope_;
};

}  // namespace tasker::cli
