#include "service/templates/template_analysis_view.h"

#include <string_view>

#include "config/analysis/analysis_message.h"
#include "config/analysis/template_analysis.h"

namespace tasker::service {
namespace {

v1::TemplateAnalysis AnalysisOf(const engine::TaskTemplate& analyzed) {
  return config::ToMessage(analyzed, config::AnalyzeTemplate(analyzed));
}

}  // namespace

absl::Status AnswerAnalysis(const TemplateRegistry& registry,
                            const v1::AnalyzeTemplateRequest& request,
                            v1::AnalyzeTemplateResponse& response) {
  if (request.name().empty() == request.source().empty()) {
    return absl::InvalidArgumentError(
        request.name().empty() ? "name: give the name of an applied template, or a `source`"
                               : "source: cannot stand beside `name`; give one of them");
  }
  if (!request.name().empty()) {
    const absl::StatusOr<TemplateRegistry::EntryPtr> found =
        registry.Find(request.namespace_(), request.name(), request.version());
    if (!found.ok()) return found.status();
    *response.mutable_analysis() = AnalysisOf(*(*found)->compiled);
    return absl::OkStatus();
  }
  const std::string_view source_name =
      request.source_name().empty() ? "template" : std::string_view(request.source_name());
  const absl::StatusOr<config::LoadedTemplate> loaded =
      registry.Check(request.source(), source_name);
  if (!loaded.ok()) return loaded.status();
  *response.mutable_analysis() = AnalysisOf(*loaded->compiled);
  for (const config::Diagnostic& warning : loaded->diagnostics) {
    response.add_warnings(warning.ToString());
  }
  return absl::OkStatus();
}

}  // namespace tasker::service
