#include "clients/cli/handler_commands.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "clients/cli/table.h"
#include "clients/cli/terminal_text.h"
#include "clients/cli/time_text.h"

namespace tasker::cli {
namespace {

// `OrderHandler`, or narrower: `shop/OrderHandler@1.2.0 x4`.
std::string ClassText(const v1::HandlerClass& served) {
  std::string text = served.handler_class();
  if (!served.namespace_().empty()) text = absl::StrCat(served.namespace_(), "/", text);
  if (!served.version().empty()) absl::StrAppend(&text, "@", served.version());
  if (served.concurrency() > 0) absl::StrAppend(&text, " x", served.concurrency());
  return text;
}

std::string ClassesText(const v1::ConnectedHandler& handler) {
  std::vector<std::string> texts;
  for (const auto& served : handler.handler_classes()) texts.push_back(ClassText(served));
  for (const auto& served : handler.task_handler_classes()) {
    texts.push_back("task handler " + ClassText(served));
  }
  return absl::StrJoin(texts, ", ");
}

}  // namespace

HandlerCommands::HandlerCommands(CLI::App& app, Session& session) : session_(session) {
  CLI::App* group = app.add_subcommand("handlers", "See which handlers are connected");
  group->require_subcommand(0, 1);
  CLI::App* list = group->add_subcommand("list", "List the connected handlers");
  list->add_option("--handler-class", *list_request_.mutable_handler_class(),
                   "Only those that serve this class");
  list->callback(
      [this] { session_.action = [this](Connection& connection) { return List(connection); }; });
}

ExitCode HandlerCommands::List(Connection& connection) {
  v1::ListHandlersResponse response;
  const auto status =
      connection.handlers().ListHandlers(connection.NewCall().get(), list_request_, &response);
  if (!status.ok()) return ReportFailure(session_, status);
  if (session_.json()) return PrintJson(session_, response);
  Table table({"NAME", "INSTANCE", "SDK", "PEER", "IN FLIGHT", "STATE", "CONNECTED", "CLASSES"});
  for (const auto& handler : response.handlers()) {
    table.AddRow({handler.name(), handler.instance_id(),
                  absl::StrJoin({handler.sdk_name(), handler.sdk_version()},
                                handler.sdk_version().empty() ? "" : " "),
                  handler.peer(), absl::StrCat(handler.in_flight(), "/", handler.concurrency()),
                  handler.draining() ? "draining" : "ready",
                  TimeText(handler.has_connected_at(), handler.connected_at()),
                  ClassesText(handler)});
  }
  table.Print(session_.console.out);
  if (response.task_handler_classes_size() > 0) {
    session_.console.out << EscapeControls(
                                absl::StrCat("new tasks are initialised that have the "
                                             "task_handler_class ",
                                             absl::StrJoin(response.task_handler_classes(), ", ")))
                         << '\n';
  }
  return ExitCode::kOk;
}

}  // namespace tasker::cli
