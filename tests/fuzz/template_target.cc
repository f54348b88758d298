// Templates, as anybody may hand them in.
#include "config/analysis/analysis_message.h"
#include "config/analysis/template_analysis.h"
#include "config/context_defaults.h"
#include "config/resolved_template.h"
#include "config/template_diff.h"
#include "config/template_loader.h"
#include "tests/fuzz/require.h"
#include "tests/fuzz/targets.h"

namespace tasker::fuzz {
namespace {

config::TemplateOptions Options() {
  config::TemplateOptions options;
  options.environment = "production";
  options.variables = [](std::string_view name) -> std::optional<std::string> {
    return name.size() % 2 == 0 ? std::optional<std::string>("value") : std::nullopt;
  };
  return options;
}

void CheckLoaded(std::string_view bytes, const engine::TaskTemplate& loaded) {
  Require(loaded.dag.size() == loaded.steps.size());
  Require(config::SameTemplateSource(bytes, bytes));
  const auto differences = config::DiffTemplates(bytes, bytes);
  Require(differences.ok() && differences->empty());
  const auto resolved = config::ResolvedJson(loaded);
  Require(resolved["steps"].size() == loaded.steps.size());
  // Anything can be written out, for people and for handlers.
  Require(!resolved.dump().empty());
  const config::TemplateAnalysis analysis = config::AnalyzeTemplate(loaded);
  const v1::TemplateAnalysis message = config::ToMessage(loaded, analysis);
  Require(message.critical_path_size() == message.levels_size());
  Require(!config::WithDefaults(R"({"given":{"a":1}})", loaded.default_context).empty());
}

}  // namespace

void FuzzTemplate(std::string_view bytes) {
  config::TemplateOptions options = Options();
  const config::LoadedTemplate loaded = config::LoadTemplate(bytes, options);
  // A text that makes no template must say why.
  Require(loaded.compiled != nullptr || config::HasErrors(loaded.diagnostics));
  if (loaded.compiled != nullptr) CheckLoaded(bytes, *loaded.compiled);
  // What is strict takes nothing that the lenient do not.
  options.strict = options.strict_variables = true;
  Require(loaded.compiled != nullptr || config::LoadTemplate(bytes, options).compiled == nullptr);
  options.environment.clear();
  config::LintTemplate(bytes, options);
}

}  // namespace tasker::fuzz
