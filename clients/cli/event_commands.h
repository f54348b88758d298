// `tasker events tail`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"

#include "clients/cli/event_feed.h"
#include "clients/cli/event_line.h"
#include "clients/cli/session.h"

namespace tasker::cli {

// Adds its commands to an app. Must outlive the parsing and the action that it sets.
class EventCommands {
 public:
  EventCommands(CLI::App& app, Session& session);

 private:
  ExitCode Tail(Connection& connection);
  v1::SubscribeRequest TailRequest() const;
  // Prints what came, and acknowledges it if told to; what it returns ends the command.
  std::optional<ExitCode> Take(Connection& connection, const EventFeed& feed);
  // False: it failed in a way that trying again does not mend; it is said.
  bool Acknowledge(Connection& connection, const EventFeed& feed, const std::string& cursor);
  // One event on stdout; false if it cannot be shown.
  bool Print(const v1::Event& event);

  Session& session_;
  std::vector<std::string> names_;
  std::vector<std::string> task_ids_;
  std::vector<std::string> categories_;
  std::string namespace_;
  std::string after_;
  bool from_earliest_ = false;
  std::string subscription_;
  bool acknowledge_ = false;
  std::uint64_t printed_ = 0;
  // 0: no limit.
  std::uint64_t limit_ = 0;
  EventLine line_;
};

}  // namespace tasker::cli
