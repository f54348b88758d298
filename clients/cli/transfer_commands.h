// `tasker export` and `tasker import`.
#pragma once

#include <string>

#include "CLI/CLI.hpp"

#include "clients/cli/session.h"
#include "tasker/v1/admin_service.pb.h"

namespace tasker::cli {

// Adds its commands to an app. Must outlive the parsing and the action that it sets.
class TransferCommands {
 public:
  TransferCommands(CLI::App& app, Session& session);

 private:
  ExitCode Export(Connection& connection);
  ExitCode Import(Connection& connection);

  Session& session_;
  v1::ExportRecordsRequest export_request_;
  // `-`: the standard streams.
  std::string file_ = "-";
};

}  // namespace tasker::cli
