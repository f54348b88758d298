#include "clients/cli/transfer_commands.h"

#include <array>
#include <fstream>

#include "absl/strings/str_cat.h"

#include "clients/cli/terminal_text.h"

namespace tasker::cli {
namespace {

// What one message carries.
constexpr std::size_t kPieceBytes = 256u << 10;

}  // namespace

TransferCommands::TransferCommands(CLI::App& app, Session& session) : session_(session) {
  CLI::App* out = app.add_subcommand(
      "export", "Write templates, tasks with their history, and events as lines of JSON");
  out->add_option("FILE", file_, "Where to; - is standard output")->capture_default_str();
  out->add_option("--namespace", *export_request_.mutable_namespace_(),
                  "Only tasks of this namespace");
  out->add_option("--template", *export_request_.mutable_template_name(),
                  "Only tasks of this template");
  out->add_flag_callback(
      "--finished", [this] { export_request_.set_finished_only(true); }, "Only finished tasks");
  out->add_flag_callback(
      "--no-history", [this] { export_request_.set_without_history(true); }, "Without history");
  out->add_flag_callback(
      "--no-events", [this] { export_request_.set_without_events(true); }, "Without events");
  out->callback(
      [this] { session_.action = [this](Connection& connection) { return Export(connection); }; });
  CLI::App* in = app.add_subcommand("import", "Take such lines into the service");
  in->add_option("FILE", file_, "Where from; - is standard input")->capture_default_str();
  in->callback(
      [this] { session_.action = [this](Connection& connection) { return Import(connection); }; });
}

ExitCode TransferCommands::Export(Connection& connection) {
  std::ofstream file;
  if (file_ != "-") {
    file.open(file_, std::ios::binary | std::ios::trunc);
    if (!file) return ReportUsage(session_, file_ + ": cannot be written");
  }
  std::ostream& out = file_ == "-" ? session_.console.out : file;
  // No deadline: as long as the store is large.
  grpc::ClientContext call;
  const auto reader = connection.admin().ExportRecords(&call, export_request_);
  v1::ExportRecordsResponse response;
  while (out && reader->Read(&response)) out << response.lines();
  if (!out) call.TryCancel();
  const grpc::Status status = reader->Finish();
  out.flush();
  if (!out) return ReportUsage(session_, file_ + ": cannot be written to the end");
  return status.ok() ? ExitCode::kOk : ReportFailure(session_, status);
}

ExitCode TransferCommands::Import(Connection& connection) {
  std::ifstream file;
  if (file_ != "-") {
    file.open(file_, std::ios::binary);
    if (!file) return ReportUsage(session_, file_ + ": cannot be read");
  }
  std::istream& in = file_ == "-" ? session_.console.in : file;
  grpc::ClientContext call;
  v1::ImportRecordsResponse response;
  const auto writer = connection.admin().ImportRecords(&call, &response);
  v1::ImportRecordsRequest request;
  std::string piece(kPieceBytes, '\0');
  while (in) {
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    request.set_lines(piece.data(), static_cast<std::size_t>(in.gcount()));
    // The service has ended the call: Finish tells why.
    if (in.gcount() > 0 && !writer->Write(request)) break;
  }
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  if (!status.ok()) return ReportFailure(session_, status);
  if (session_.json()) return PrintJson(session_, response);
  session_.console.out << response.templates() << " templates, " << response.tasks()
                       << " tasks and " << response.events() << " events added, "
                       << response.tasks_skipped() << " tasks were there already\n";
  return ExitCode::kOk;
}

}  // namespace tasker::cli
