// `tasker events tail`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"

#include "clients/cli/event_feed.h"
#include "clients/cli/event_filter_options.h"
#include "clients/cli/event_line.h"
#include "clients/cli/session.h"

namespace tasker::cli {

// Adds its commands to an app. Must outlive the parsing and the action that it sets.
class EventCommands {
 public:
  EventCommands(CLI::App& app, Session& session);

 private:
  ExitCode Tail(Connection& connection);
  // Prints what came, and acknowledges it if told to; what it returns ends the command.
  std::optional<ExitCode> Take(Connection& connection, const EventFeed& feed);
  // False: it failed in a way that trying again does not mend; it is said.
  bool Acknowledge(Connection& connection, const EventFeed& feed, const std::string& cursor);
  // Nullopt: an option is wrong, which was reported.
  std::optional<v1::SubscribeRequest> TailRequest();
  // One event on stdout; false if it cannot be shown.
  bool Print(const v1::Event& event);
  // The feed's tasks on stdout; false if they cannot be shown.
  bool PrintTasks(const EventFeed& feed);
  bool PrintTask(const v1::Task& task, const v1::Position& as_of);
  bool CannotShow(const absl::Status& why);

  Session& session_;
  EventFilterOptions filter_;
  std::string after_;
  std::string from_time_;
  bool snapshot_ = false;
  bool open_only_ = false;
  bool from_earliest_ = false;
  std::string subscription_;
  bool acknowledge_ = false;
  std::uint64_t printed_ = 0;
  // 0: no limit.
  std::uint64_t limit_ = 0;
  EventLine line_;
};

}  // namespace tasker::cli
