// `tasker events catalog`.
#pragma once

#include <string>

#include "CLI/CLI.hpp"

#include "clients/cli/session.h"

namespace tasker::cli {

// Adds its command to `events`. Must outlive the parsing and the action that it sets.
class EventCatalogCommands {
 public:
  // Precondition: the app has `events`.
  EventCatalogCommands(CLI::App& app, Session& session);

 private:
  ExitCode List(Connection& connection);
  ExitCode Show(Connection& connection);

  Session& session_;
  // Of the event to be shown; empty: all are listed.
  std::string name_;
  v1::ListEventsRequest list_;
};

}  // namespace tasker::cli
