#include "clients/cli/template_source.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "clients/cli/input_file.h"
#include "clients/cli/terminal_text.h"
#include "config/analysis/analysis_message.h"
#include "config/analysis/template_analysis.h"
#include "config/template_loader.h"
#include "config/variables.h"

namespace tasker::cli {
namespace {

ExitCode AnalyzeFile(Session& session, const TemplateArgument& argument,
                     v1::TemplateAnalysis& analysis) {
  const auto source = ReadInput(argument.text, session.console.in);
  if (!source.ok()) return ReportUsage(session, std::string(source.status().message()));
  const config::LoadedTemplate loaded =
      config::LoadTemplate(*source, {argument.text == "-" ? "standard input" : argument.text,
                                     argument.environment, config::EnvironmentVariables()});
  for (const config::Diagnostic& diagnostic : loaded.diagnostics) {
    session.console.err << EscapeControls(diagnostic.ToString()) << '\n';
  }
  if (loaded.compiled == nullptr) return ExitCode::kRefused;
  analysis = config::ToMessage(*loaded.compiled, config::AnalyzeTemplate(*loaded.compiled));
  return ExitCode::kOk;
}

}  // namespace

bool TemplateArgument::is_file() const {
  if (text == "-") return true;
  if (!namespace_name.empty() || !version.empty()) return false;
  std::error_code error;
  return text.find('/') != std::string::npos || text.ends_with(".yaml") || text.ends_with(".yml") ||
         std::filesystem::is_regular_file(text, error);
}

ExitCode Analyze(Session& session, Connection& connection, const TemplateArgument& argument,
                 v1::TemplateAnalysis& analysis) {
  if (argument.is_file()) return AnalyzeFile(session, argument, analysis);
  if (!argument.environment.empty()) {
    return ReportUsage(session, "--environment is for files; the service resolves '" +
                                    argument.text + "' with its own");
  }
  v1::AnalyzeTemplateRequest request;
  request.set_namespace_(argument.namespace_name);
  request.set_name(argument.text);
  request.set_version(argument.version);
  v1::AnalyzeTemplateResponse response;
  const auto status =
      connection.templates().AnalyzeTemplate(connection.NewCall().get(), request, &response);
  if (!status.ok()) return ReportFailure(session, status);
  analysis = std::move(*response.mutable_analysis());
  return ExitCode::kOk;
}

}  // namespace tasker::cli
