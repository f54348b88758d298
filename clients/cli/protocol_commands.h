// `tasker step complete`, `tasker handlers forget` and `tasker events publish`: what the handler
// protocol leaves to be done from elsewhere.
#pragma once

#include <string>

#include "CLI/CLI.hpp"

#include "clients/cli/session.h"

namespace tasker::cli {

// Adds its commands to the groups of an app that has them. Must outlive the parsing and the action
// that it sets.
class ProtocolCommands {
 public:
  ProtocolCommands(CLI::App& app, Session& session);

 private:
  void AddComplete(CLI::App& group);
  void AddPublish(CLI::App& group);
  ExitCode Complete(Connection& connection);
  ExitCode Forget(Connection& connection);
  ExitCode Publish(Connection& connection);

  Session& session_;
  std::string token_;
  std::string results_;
  std::string failure_;
  std::string error_class_ = "Failed";
  bool permanent_ = false;
  std::string actor_;
  v1::ForgetTaskHandlerRequest forget_;
  v1::PublishEventRequest publish_;
};

}  // namespace tasker::cli
