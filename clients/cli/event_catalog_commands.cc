#include "clients/cli/event_catalog_commands.h"

#include <ostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "clients/cli/table.h"
#include "clients/cli/terminal_text.h"

namespace tasker::cli {
namespace {

std::string OriginOf(const v1::EventInfo& event) {
  if (!event.mirrors().empty()) return absl::StrCat("mirror of ", event.mirrors());
  if (event.origin() == v1::EVENT_ORIGIN_TEMPLATE) return "templates";
  return event.declarations().empty() ? "service" : "service, templates";
}

std::string FieldNames(const v1::EventInfo& event) {
  std::string names =
      absl::StrJoin(event.fields(), ", ", [](std::string* out, const v1::EventField& field) {
        absl::StrAppend(out, field.name(), field.optional() ? "?" : "");
      });
  if (event.open()) absl::StrAppend(&names, names.empty() ? "any" : ", any");
  return names;
}

void Line(std::ostream& out, std::string_view heading, const std::string& text) {
  if (text.empty()) return;
  out << EscapeControls(absl::StrCat(std::string(heading), ": ", text)) << '\n';
}

void PrintFields(std::ostream& out, const v1::EventInfo& event) {
  if (event.fields().empty()) {
    out << '\n'
        << (event.open() ? "Its payload may have any fields.\n" : "Its payload is empty.\n");
    return;
  }
  out << '\n';
  Table table({"FIELD", "TYPE", "OPTIONAL", "MEANING"});
  for (const v1::EventField& field : event.fields()) {
    table.AddRow({field.name(), field.type().empty() ? "any" : field.type(),
                  field.optional() ? "yes" : "no", field.description()});
  }
  table.Print(out);
  if (event.open()) out << "It may have others beside them.\n";
}

void PrintDeclarations(std::ostream& out, const v1::EventInfo& event) {
  if (event.declarations().empty()) return;
  out << '\n';
  Table table({"NAMESPACE", "TEMPLATE", "VERSION", "STEP", "SCHEMA"});
  for (const v1::EventDeclaration& each : event.declarations()) {
    table.AddRow({each.namespace_(), each.task_name(), each.version(),
                  each.step_name().empty() ? "(all)" : each.step_name(), each.schema()});
  }
  table.Print(out);
}

}  // namespace

EventCatalogCommands::EventCatalogCommands(CLI::App& app, Session& session) : session_(session) {
  CLI::App* catalog = app.get_subcommand("events")->add_subcommand(
      "catalog", "List the events that there are, or tell all about one");
  auto* one = catalog->add_option("NAME", name_, "The event, or another name of it");
  const auto only = [&](const char* flag, std::string* value, const char* help) {
    return catalog->add_option(flag, *value, help)->excludes(one);
  };
  only("--category", list_.mutable_category(), "Only events of this category");
  only("--name", list_.mutable_name(), "Only events of this name; * stands for any characters")
      ->type_name("PATTERN");
  only("--namespace", list_.mutable_namespace_(),
       "Only the service's own, and what templates of this namespace declare");
  catalog->callback([this] {
    session_.action = [this](Connection& connection) {
      return name_.empty() ? List(connection) : Show(connection);
    };
  });
}

ExitCode EventCatalogCommands::List(Connection& connection) {
  v1::ListEventsResponse response;
  const auto status = connection.events().ListEvents(connection.NewCall().get(), list_, &response);
  if (!status.ok()) return ReportFailure(session_, status);
  if (session_.json()) return PrintJson(session_, response);
  Table table({"NAME", "CATEGORY", "FROM", "FIELDS", "DESCRIPTION"});
  for (const v1::EventInfo& event : response.events()) {
    table.AddRow(
        {event.name(), event.category(), OriginOf(event), FieldNames(event), event.description()});
  }
  table.Print(session_.console.out);
  return ExitCode::kOk;
}

ExitCode EventCatalogCommands::Show(Connection& connection) {
  v1::GetEventInfoRequest request;
  request.set_name(name_);
  v1::GetEventInfoResponse response;
  const auto status =
      connection.events().GetEventInfo(connection.NewCall().get(), request, &response);
  if (!status.ok()) return ReportFailure(session_, status);
  if (session_.json()) return PrintJson(session_, response);
  const v1::EventInfo& event = response.event();
  std::ostream& out = session_.console.out;
  out << EscapeControls(absl::StrCat(event.name(), " (", event.category(), ")")) << '\n';
  Line(out, "What", event.description());
  Line(out, "When", event.fired_when());
  Line(out, "Also called", absl::StrJoin(event.aliases(), ", "));
  Line(out, "Mirror of", event.mirrors());
  PrintFields(out, event);
  out << '\n';
  Line(out, "Example", event.example());
  PrintDeclarations(out, event);
  return ExitCode::kOk;
}

}  // namespace tasker::cli
