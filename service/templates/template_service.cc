#include "service/templates/template_service.h"

#include <google/protobuf/util/time_util.h>

#include "engine/tasks/record_codec.h"
#include "service/server/grpc_status.h"
#include "service/templates/template_analysis_view.h"
#include "service/templates/template_files_view.h"
#include "storage/keys.h"

namespace tasker::service {
namespace {

v1::Template HeaderOf(const TemplateRegistry::Entry& entry) {
  const engine::TaskTemplate& from = *entry.compiled;
  v1::Template out;
  out.set_namespace_(from.id.namespace_name);
  out.set_name(from.id.name);
  out.set_version(from.id.version);
  out.set_description(from.description);
  out.set_module_namespace(from.module_namespace);
  out.set_task_handler_class(from.task_handler_class);
  out.set_concurrent(from.concurrent);
  out.set_total_steps(static_cast<std::uint32_t>(from.steps.size()));
  *out.mutable_applied_at() =
      google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(engine::ToMicros(entry.applied_at));
  return out;
}

v1::Template ViewOf(const TemplateRegistry::Entry& entry) {
  v1::Template out = HeaderOf(entry);
  out.set_schema(entry.compiled->schema_shown);
  out.set_default_context(entry.compiled->default_context_shown);
  for (const engine::StepTemplate& from : entry.compiled->steps) {
    v1::StepTemplate& step = *out.add_steps();
    step.set_name(from.name);
    step.set_description(from.description);
    step.set_handler_class(from.handler_class);
    for (const engine::StepIndex parent : from.parents) {
      step.add_depends_on(entry.compiled->steps[Raw(parent)].name);
    }
    step.set_retryable(from.retryable);
    step.set_retry_limit(from.retry_limit);
    step.set_skippable(from.skippable);
    step.set_dependent_system(from.dependent_system.value_or(""));
    step.set_handler_config(from.handler_config_shown);
  }
  return out;
}

}  // namespace

grpc::ServerUnaryReactor* TemplateService::ApplyTemplate(grpc::CallbackServerContext* context,
                                                         const v1::ApplyTemplateRequest* request,
                                                         v1::ApplyTemplateResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::StatusOr<TemplateRegistry::Applied> applied = registry_.Apply(
      request->source(), request->source_name().empty() ? "template" : request->source_name());
  if (applied.ok()) {
    *response->mutable_template_() = ViewOf(*applied->entry);
    response->set_created(applied->created);
    if (applied->created) *response->mutable_position() = positions_.NewestOf(storage::kCatalog);
    for (const config::Diagnostic& warning : applied->warnings) {
      response->add_warnings(warning.ToString());
    }
  }
  reactor->Finish(ToGrpc(applied.status()));
  return reactor;
}

grpc::ServerUnaryReactor* TemplateService::LintTemplate(grpc::CallbackServerContext* context,
                                                        const v1::LintTemplateRequest* request,
                                                        v1::LintTemplateResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const config::Diagnostics diagnostics = registry_.Lint(
      request->source(), request->source_name().empty() ? "template" : request->source_name(),
      request->strict());
  response->set_valid(!config::HasErrors(diagnostics));
  for (const config::Diagnostic& from : diagnostics) {
    v1::TemplateDiagnostic& out = *response->add_diagnostics();
    out.set_severity(from.severity == config::Diagnostic::Severity::kError
                         ? v1::TEMPLATE_DIAGNOSTIC_SEVERITY_ERROR
                         : v1::TEMPLATE_DIAGNOSTIC_SEVERITY_WARNING);
    out.set_source_name(from.file);
    out.set_line(static_cast<std::uint32_t>(from.line));
    out.set_column(static_cast<std::uint32_t>(from.column));
    out.set_key_path(from.key_path);
    out.set_message(from.message);
  }
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

grpc::ServerUnaryReactor* TemplateService::ListTemplates(grpc::CallbackServerContext* context,
                                                         const v1::ListTemplatesRequest* request,
                                                         v1::ListTemplatesResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::Status known = CheckAtLeast(positions_, *request);
  if (known.ok()) {
    for (const TemplateRegistry::EntryPtr& entry : registry_.List(request->namespace_())) {
      *response->add_templates() = HeaderOf(*entry);
    }
  }
  reactor->Finish(ToGrpc(known));
  return reactor;
}

grpc::ServerUnaryReactor* TemplateService::GetTemplate(grpc::CallbackServerContext* context,
                                                       const v1::GetTemplateRequest* request,
                                                       v1::GetTemplateResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::Status known = CheckAtLeast(positions_, *request);
  const absl::StatusOr<TemplateRegistry::EntryPtr> found =
      known.ok() ? registry_.Find(request->namespace_(), request->name(), request->version())
                 : known;
  if (found.ok()) {
    *response->mutable_template_() = ViewOf(**found);
    response->set_source((*found)->source);
  }
  reactor->Finish(ToGrpc(found.status()));
  return reactor;
}

grpc::ServerUnaryReactor* TemplateService::ListTemplateFiles(
    grpc::CallbackServerContext* context, const v1::ListTemplateFilesRequest* request,
    v1::ListTemplateFilesResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpc(ListFiles(registry_, folder_, *request, *response)));
  return reactor;
}

grpc::ServerWriteReactor<v1::RehearseTemplateResponse>* TemplateService::RehearseTemplate(
    grpc::CallbackServerContext*, const v1::RehearseTemplateRequest* request) {
  return upgrades_.Rehearse(*request);
}

grpc::ServerWriteReactor<v1::MigrateTasksResponse>* TemplateService::MigrateTasks(
    grpc::CallbackServerContext*, const v1::MigrateTasksRequest* request) {
  return upgrades_.Migrate(*request);
}

grpc::ServerUnaryReactor* TemplateService::AnalyzeTemplate(
    grpc::CallbackServerContext* context, const v1::AnalyzeTemplateRequest* request,
    v1::AnalyzeTemplateResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpc(AnswerAnalysis(registry_, *request, *response)));
  return reactor;
}

}  // namespace tasker::service
