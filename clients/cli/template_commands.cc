#include "clients/cli/template_commands.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "clients/cli/input_file.h"
#include "clients/cli/json_output.h"
#include "clients/cli/table.h"
#include "clients/cli/terminal_text.h"
#include "clients/cli/time_text.h"

namespace tasker::cli {
namespace {

std::string FullName(const v1::Template& shown) {
  return absl::StrCat(shown.namespace_(), ".", shown.name(), "@", shown.version());
}

void PrintApplied(Session& session, const v1::ApplyTemplateResponse& response) {
  session.console.out << (response.created() ? "applied " : "unchanged ")
                      << EscapeControls(FullName(response.template_())) << " ("
                      << response.template_().total_steps() << " steps)\n";
}

// One array, whatever the number of files, so that scripts need not tell cases apart.
ExitCode PrintAppliedAsJson(Session& session, const std::vector<v1::ApplyTemplateResponse>& all) {
  std::vector<std::string> elements;
  for (const auto& response : all) {
    const auto json = ToJson(response, JsonLayout::kLine);
    if (!json.ok()) return PrintJson(session, response);  // Reports the same error.
    elements.push_back(*json);
  }
  const std::string array = "[" + absl::StrJoin(elements, ",") + "]";
  session.console.out << LayOutJson(array, JsonLayout::kDocument) << '\n';
  return ExitCode::kOk;
}

void PrintTemplate(std::ostream& out, const v1::Template& shown) {
  const auto field = [&out](std::string_view label, std::string_view value) {
    if (!value.empty()) out << PadRight(label, 14) << EscapeControls(value) << '\n';
  };
  field("template", FullName(shown));
  field("description", shown.description());
  field("task handler", shown.task_handler_class());
  field("concurrent", shown.concurrent() ? "yes" : "no");
  field("applied", TimeText(shown.has_applied_at(), shown.applied_at()));
  out << '\n';
  Table steps({"STEP", "HANDLER CLASS", "DEPENDS ON", "ATTEMPTS", "HANDLER CONFIG"});
  for (const auto& step : shown.steps()) {
    steps.AddRow({step.name(), step.handler_class(), absl::StrJoin(step.depends_on(), ", "),
                  step.retryable() ? absl::StrCat(step.retry_limit()) : "1",
                  step.handler_config().empty() ? "" : PayloadText(step.handler_config())});
  }
  steps.Print(out);
  if (!shown.schema().empty()) out << "\nschema " << PayloadText(shown.schema()) << '\n';
}

}  // namespace

TemplateCommands::TemplateCommands(CLI::App& app, Session& session) : session_(session) {
  CLI::App* group = app.add_subcommand("template", "Apply, list and show task templates");
  group->require_subcommand(0, 1);

  CLI::App* apply = group->add_subcommand("apply", "Check templates and store them");
  apply->add_option("FILE", files_, "YAML files; - is standard input")->required();
  apply->callback(
      [this] { session_.action = [this](Connection& connection) { return Apply(connection); }; });

  CLI::App* list = group->add_subcommand("list", "List the templates");
  list->add_option("--namespace", *list_request_.mutable_namespace_(), "Only this namespace");
  list->callback(
      [this] { session_.action = [this](Connection& connection) { return List(connection); }; });

  CLI::App* show = group->add_subcommand("show", "Show one template with its steps");
  show->add_option("NAME", *show_request_.mutable_name(), "The template's name")->required();
  show->add_option("--namespace", *show_request_.mutable_namespace_(),
                   "The template's namespace (default: default)");
  show->add_option("--version", *show_request_.mutable_version(),
                   "The template's version (default: the highest)");
  show->add_flag("--source", source_, "Print the YAML text as it was applied");
  show->callback(
      [this] { session_.action = [this](Connection& connection) { return Show(connection); }; });
}

ExitCode TemplateCommands::Apply(Connection& connection) {
  ExitCode worst = ExitCode::kOk;
  std::vector<v1::ApplyTemplateResponse> applied;
  for (const std::string& file : files_) {
    auto source = ReadInput(file, session_.console.in);
    if (!source.ok()) {
      worst = std::max(worst, ReportUsage(session_, std::string(source.status().message())));
      continue;
    }
    v1::ApplyTemplateRequest request;
    request.set_source(*std::move(source));
    request.set_source_name(file == "-" ? "standard input" : file);
    v1::ApplyTemplateResponse response;
    const auto status =
        connection.templates().ApplyTemplate(connection.NewCall().get(), request, &response);
    if (!status.ok()) {
      worst = std::max(worst, ReportFailure(session_, status));
      if (worst == ExitCode::kUnreachable) break;
      continue;
    }
    for (const auto& warning : response.warnings()) {
      session_.console.err << EscapeControls(warning) << '\n';
    }
    if (!session_.json()) PrintApplied(session_, response);
    applied.push_back(std::move(response));
  }
  if (session_.json() && PrintAppliedAsJson(session_, applied) != ExitCode::kOk) {
    return ExitCode::kRefused;
  }
  return worst;
}

ExitCode TemplateCommands::List(Connection& connection) {
  v1::ListTemplatesResponse response;
  const auto status =
      connection.templates().ListTemplates(connection.NewCall().get(), list_request_, &response);
  if (!status.ok()) return ReportFailure(session_, status);
  if (session_.json()) return PrintJson(session_, response);
  Table table({"NAMESPACE", "NAME", "VERSION", "STEPS", "APPLIED", "DESCRIPTION"});
  for (const auto& shown : response.templates()) {
    table.AddRow({shown.namespace_(), shown.name(), shown.version(),
                  absl::StrCat(shown.total_steps()),
                  TimeText(shown.has_applied_at(), shown.applied_at()), shown.description()});
  }
  table.Print(session_.console.out);
  return ExitCode::kOk;
}

ExitCode TemplateCommands::Show(Connection& connection) {
  v1::GetTemplateResponse response;
  const auto status =
      connection.templates().GetTemplate(connection.NewCall().get(), show_request_, &response);
  if (!status.ok()) return ReportFailure(session_, status);
  auto& console = session_.console;
  if (session_.json()) {
    if (source_) return PrintJson(session_, response);
    return PrintJson(session_, response.template_());
  }
  if (source_) {
    // Byte for byte into files and pipes, but a terminal is protected.
    console.out << (console.out_is_terminal ? EscapeControlsInLines(response.source())
                                            : response.source());
  } else {
    PrintTemplate(console.out, response.template_());
  }
  return ExitCode::kOk;
}

}  // namespace tasker::cli
