#include "clients/cli/session.h"

#include "absl/status/status.h"
#include "absl/strings/str_replace.h"

#include "clients/cli/json_output.h"
#include "clients/cli/terminal_text.h"

namespace tasker::cli {

ExitCode PrintJson(Session& session, const google::protobuf::Message& message) {
  const auto json = ToJson(message, JsonLayout::kDocument);
  if (!json.ok()) {
    return ReportFailure(session, {grpc::StatusCode::INTERNAL,
                                   "the answer cannot be shown: " + json.status().ToString()});
  }
  session.console.out << *json << '\n';
  return ExitCode::kOk;
}

ExitCode ReportFailure(Session& session, const grpc::Status& status) {
  auto& err = session.console.err;
  std::string message = EscapeControlsInLines(status.error_message());
  while (!message.empty() && message.back() == '\n') message.pop_back();
  const bool many_lines = message.find('\n') != std::string::npos;
  err << "tasker: " << CodeName(status.error_code()) << ':' << (many_lines ? "\n  " : " ")
      << absl::StrReplaceAll(message, {{"\n", "\n  "}}) << '\n';
  const std::string& server = session.options.server;
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
    err << "Does taskerd run at " << server
        << "? Another address is given by --server HOST:PORT or TASKER_SERVER.\n";
  } else if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    err << "No answer from " << server << " in time. --timeout SECONDS allows more.\n";
  }
  return ExitCodeOf(status);
}

ExitCode ReportUsage(Session& session, const std::string& message) {
  session.console.err << "tasker: " << EscapeControls(message) << '\n';
  return ExitCode::kUsage;
}

ExitCode ExitCodeOf(const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::StatusCode::OK:
      return ExitCode::kOk;
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return ExitCode::kUnreachable;
    default:
      return ExitCode::kRefused;
  }
}

std::string CodeName(grpc::StatusCode code) {
  // gRPC's and Abseil's codes are the same numbers.
  return absl::StatusCodeToString(static_cast<absl::StatusCode>(code));
}

}  // namespace tasker::cli
