// Templates, as anybody may hand them in.
#include "config/analysis/analysis_message.h"
#include "config/analysis/template_analysis.h"
#include "config/template_loader.h"
#include "tests/fuzz/require.h"
#include "tests/fuzz/targets.h"

namespace tasker::fuzz {

void FuzzTemplate(std::string_view bytes) {
  config::TemplateOptions options;
  options.environment = "production";
  options.variables = [](std::string_view name) -> std::optional<std::string> {
    return name.size() % 2 == 0 ? std::optional<std::string>("value") : std::nullopt;
  };
  const config::LoadedTemplate loaded = config::LoadTemplate(bytes, options);
  // A text that makes no template must say why.
  Require(loaded.compiled != nullptr || !loaded.diagnostics.empty());
  if (loaded.compiled != nullptr) {
    Require(loaded.compiled->dag.size() == loaded.compiled->steps.size());
    Require(config::SameTemplateSource(bytes, bytes));
    const config::TemplateAnalysis analysis = config::AnalyzeTemplate(*loaded.compiled);
    const v1::TemplateAnalysis message = config::ToMessage(*loaded.compiled, analysis);
    Require(message.critical_path_size() == message.levels_size());
  }
}

}  // namespace tasker::fuzz
