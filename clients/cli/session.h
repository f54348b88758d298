// What every command is handed.
#pragma once

#include <functional>
#include <string>

#include "google/protobuf/message.h"
#include "grpcpp/support/status.h"

#include "clients/cli/connection.h"
#include "clients/cli/console.h"
#include "clients/cli/exit_codes.h"

namespace tasker::cli {

// Options before or behind any command.
struct GlobalOptions {
  std::string server = "127.0.0.1:7420";
  // `table` or `json`.
  std::string output = "table";
  double timeout_seconds = 10;
  Connection::Security security;
  // Where its token is read from; empty: from the variable TASKER_TOKEN.
  std::string token_file;
  bool no_color = false;
};

// One run of the program: parsing fills `options` and `action`, then `action` is run.
struct Session {
  Console& console;
  GlobalOptions options;
  // Set by the command that was named on the command line.
  std::function<ExitCode(Connection&)> action;

  bool json() const { return options.output == "json"; }
};

// Prints `message` as one JSON document on stdout.
ExitCode PrintJson(Session& session, const google::protobuf::Message& message);

// Says on stderr that a call failed: code, the service's message line by line, and a hint if it
// could not be reached. Precondition: !status.ok().
ExitCode ReportFailure(Session& session, const grpc::Status& status);

// The same for something the service was not asked for: `tasker: MESSAGE`.
ExitCode ReportUsage(Session& session, const std::string& message);

// The exit code for a call that ended with `status`.
ExitCode ExitCodeOf(const grpc::Status& status);

// `INVALID_ARGUMENT`.
std::string CodeName(grpc::StatusCode code);

}  // namespace tasker::cli
