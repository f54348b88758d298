#include "clients/cli/template_check_commands.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include <nlohmann/json.hpp>

#include "clients/cli/input_file.h"
#include "clients/cli/json_output.h"
#include "clients/cli/table.h"
#include "clients/cli/terminal_text.h"
#include "config/resolved_template.h"
#include "config/template_diff.h"

namespace tasker::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string NameOf(const std::string& file) { return file == "-" ? "standard input" : file; }

Json ToJson(const config::Diagnostic& diagnostic) {
  const bool is_error = diagnostic.severity == config::Diagnostic::Severity::kError;
  return {{"severity", is_error ? "error" : "warning"},
          {"file", diagnostic.file},
          {"line", diagnostic.line},
          {"column", diagnostic.column},
          {"key_path", diagnostic.key_path},
          {"message", diagnostic.message}};
}

void PrintDiagnostics(std::ostream& out, const config::Diagnostics& diagnostics) {
  for (const config::Diagnostic& diagnostic : diagnostics) {
    out << EscapeControls(diagnostic.ToString()) << '\n';
  }
}

// Control characters are escaped: texts come from strangers, and a terminal may be at the end.
void PrintJsonDocument(std::ostream& out, const Json& json) {
  out << LayOutJson(json.dump(), JsonLayout::kDocument) << '\n';
}

std::string TextOf(const Json& value) {
  if (value.is_null()) return "";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

void PrintResolved(std::ostream& out, const Json& resolved) {
  for (const auto& [key, value] : resolved.items()) {
    if (key == "steps" || value.is_null()) continue;
    out << PadRight(key, 20) << EscapeControls(TextOf(value)) << '\n';
  }
  out << '\n';
  Table table({"STEP", "HANDLER CLASS", "DEPENDS ON", "ATTEMPTS", "HANDLER CONFIG"});
  for (const Json& step : resolved["steps"]) {
    const auto parents = step["depends_on"].get<std::vector<std::string>>();
    table.AddRow({TextOf(step["name"]), TextOf(step["handler_class"]), absl::StrJoin(parents, ", "),
                  step["retryable"].get<bool>() ? TextOf(step["retry_limit"]) : "1",
                  TextOf(step["handler_config"])});
  }
  table.Print(out);
}

Json ToJson(const std::vector<config::TemplateDifference>& differences) {
  Json list = Json::array();
  for (const config::TemplateDifference& difference : differences) {
    Json& json = list.emplace_back();
    json["path"] = difference.path;
    if (difference.before) json["before"] = Json::parse(*difference.before);
    if (difference.after) json["after"] = Json::parse(*difference.after);
  }
  return list;
}

}  // namespace

TemplateCheckCommands::TemplateCheckCommands(CLI::App& group, Session& session)
    : session_(session) {
  AddResolve(group);
  AddLint(group);
  AddDiff(group);
}

void TemplateCheckCommands::AddResolve(CLI::App& group) {
  CLI::App* resolve =
      group.add_subcommand("resolve", "Show what a template file becomes, without a service");
  resolve->add_option("FILE", file_, "A YAML file; - is standard input")->required();
  resolve->add_option("--environment", environment_, "Which of its environments is merged in");
  resolve->add_flag("--strict", strict_, "Keys that are not known are errors");
  resolve->add_flag("--strict-variables", strict_variables_,
                    "Variables that are not set are errors");
  resolve->add_flag("--mask", mask_, "Show ${VARIABLES} by their names instead of what they hold");
  resolve->callback([this] { session_.action = [this](Connection&) { return Resolve(); }; });
}

void TemplateCheckCommands::AddLint(CLI::App& group) {
  CLI::App* lint = group.add_subcommand(
      "lint", "Tell all mistakes and warnings of template files, without a service");
  lint->add_option("FILE", files_, "YAML files; - is standard input")->required();
  lint->add_option("--environment", environment_, "Only this environment (default: each of them)");
  lint->add_flag("--strict", strict_, "Keys that are not known are errors");
  lint->add_flag("--strict-variables", strict_variables_, "Variables that are not set are errors");
  lint->add_flag("--json", as_json_, "The same as --output json");
  lint->callback([this] { session_.action = [this](Connection&) { return Lint(); }; });
}

void TemplateCheckCommands::AddDiff(CLI::App& group) {
  CLI::App* diff = group.add_subcommand(
      "diff", "Show what a template file changes: of another file, or of what the service has");
  diff->add_option("FILE", file_, "The new YAML file; - is standard input")->required();
  diff->add_option("--from", other_, "The file it is compared with, instead of the service's");
  diff->callback(
      [this] { session_.action = [this](Connection& connection) { return Diff(connection); }; });
}

config::TemplateOptions TemplateCheckCommands::OptionsFor(const std::string& file) const {
  config::TemplateOptions options;
  options.source_name = NameOf(file);
  options.environment = environment_;
  options.variables = config::EnvironmentVariables();
  options.strict = strict_;
  options.strict_variables = strict_variables_;
  options.reveal_variables = !mask_;
  return options;
}

std::optional<std::string> TemplateCheckCommands::Read(const std::string& file) {
  absl::StatusOr<std::string> source = ReadInput(file, session_.console.in);
  if (source.ok()) return *std::move(source);
  ReportUsage(session_, std::string(source.status().message()));
  return std::nullopt;
}

ExitCode TemplateCheckCommands::Resolve() {
  const std::optional<std::string> source = Read(file_);
  if (!source) return ExitCode::kUsage;
  const config::LoadedTemplate loaded = config::LoadTemplate(*source, OptionsFor(file_));
  PrintDiagnostics(session_.console.err, loaded.diagnostics);
  if (loaded.compiled == nullptr) return ExitCode::kRefused;
  const Json resolved = config::ResolvedJson(*loaded.compiled);
  if (session_.json()) {
    PrintJsonDocument(session_.console.out, resolved);
  } else {
    PrintResolved(session_.console.out, resolved);
  }
  return ExitCode::kOk;
}

ExitCode TemplateCheckCommands::Lint() {
  const bool as_json = as_json_ || session_.json();
  ExitCode worst = ExitCode::kOk;
  Json files = Json::array();
  std::size_t errors = 0;
  std::size_t warnings = 0;
  for (const std::string& file : files_) {
    const std::optional<std::string> source = Read(file);
    if (!source) {
      worst = std::max(worst, ExitCode::kUsage);
      continue;
    }
    const config::Diagnostics diagnostics = config::LintTemplate(*source, OptionsFor(file));
    const bool valid = !config::HasErrors(diagnostics);
    if (!valid) worst = std::max(worst, ExitCode::kRefused);
    Json told = Json::array();
    for (const config::Diagnostic& diagnostic : diagnostics) {
      ++(diagnostic.severity == config::Diagnostic::Severity::kError ? errors : warnings);
      told.push_back(ToJson(diagnostic));
    }
    if (!as_json) PrintDiagnostics(session_.console.out, diagnostics);
    files.push_back({{"file", NameOf(file)}, {"valid", valid}, {"diagnostics", std::move(told)}});
  }
  if (as_json) {
    PrintJsonDocument(session_.console.out, {{"valid", worst == ExitCode::kOk},
                                             {"errors", errors},
                                             {"warnings", warnings},
                                             {"files", std::move(files)}});
  } else {
    session_.console.out << files_.size() << (files_.size() == 1 ? " file, " : " files, ") << errors
                         << (errors == 1 ? " error, " : " errors, ") << warnings
                         << (warnings == 1 ? " warning\n" : " warnings\n");
  }
  return worst;
}

absl::StatusOr<std::string> TemplateCheckCommands::Applied(Connection& connection,
                                                           const std::string& file,
                                                           const std::string& source) {
  config::TemplateOptions options = OptionsFor(file);
  const config::LoadedTemplate loaded = config::LoadTemplate(source, options);
  if (loaded.compiled == nullptr) {
    return absl::InvalidArgumentError(config::ToString(loaded.diagnostics));
  }
  const auto& id = loaded.compiled->id;
  v1::GetTemplateRequest request;
  request.set_namespace_(id.namespace_name);
  request.set_name(id.name);
  // The same version if it is there, which can only mean that it may not be applied; else the one
  // that it follows.
  for (const std::string& version : {id.version, std::string()}) {
    request.set_version(version);
    v1::GetTemplateResponse response;
    const grpc::Status status =
        connection.templates().GetTemplate(connection.NewCall().get(), request, &response);
    if (status.ok()) return response.source();
    if (status.error_code() != grpc::StatusCode::NOT_FOUND || version.empty()) {
      return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                          status.error_message());
    }
  }
  return absl::NotFoundError("no such template");
}

ExitCode TemplateCheckCommands::Diff(Connection& connection) {
  const std::optional<std::string> after = Read(file_);
  if (!after) return ExitCode::kUsage;
  std::string before;
  if (!other_.empty()) {
    std::optional<std::string> read = Read(other_);
    if (!read) return ExitCode::kUsage;
    before = *std::move(read);
  } else {
    absl::StatusOr<std::string> applied = Applied(connection, file_, *after);
    if (!applied.ok()) {
      return ReportFailure(session_,
                           grpc::Status(static_cast<grpc::StatusCode>(applied.status().code()),
                                        std::string(applied.status().message())));
    }
    before = *std::move(applied);
  }
  const auto differences = config::DiffTemplates(before, *after);
  if (!differences.ok()) {
    return ReportUsage(session_, std::string(differences.status().message()));
  }
  if (session_.json()) {
    PrintJsonDocument(session_.console.out, ToJson(*differences));
  } else if (differences->empty()) {
    session_.console.out << "no difference\n";
  } else {
    session_.console.out << EscapeControlsInLines(
                                config::ToString(*differences, differences->size()))
                         << '\n';
  }
  return ExitCode::kOk;
}

}  // namespace tasker::cli
