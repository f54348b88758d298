// `tasker events subscriptions ...`.
#pragma once

#include <string>

#include "CLI/CLI.hpp"

#include "clients/cli/event_filter_options.h"
#include "clients/cli/session.h"

namespace tasker::cli {

// Adds its commands to the app's group `events`. Must outlive the parsing and the action that it
// sets.
class SubscriptionCommands {
 public:
  SubscriptionCommands(CLI::App& app, Session& session);

 private:
  void AddCreate(CLI::App& group);
  void AddReset(CLI::App& group);
  ExitCode List(Connection& connection);
  ExitCode Show(Connection& connection);
  ExitCode Create(Connection& connection);
  ExitCode Delete(Connection& connection);
  ExitCode Reset(Connection& connection);
  // False: the time that was given is none; it is said.
  bool FillStart(v1::EventStart& start);

  Session& session_;
  std::string name_;
  EventFilterOptions filter_;
  bool earliest_ = false;
  // For those who want to say it.
  bool now_ = false;
  std::string cursor_;
  std::string time_;
  double ack_timeout_seconds_ = 0;
};

}  // namespace tasker::cli
