// The gRPC door to templates.
#pragma once

#include <grpcpp/grpcpp.h>

#include "service/pipeline/known_positions.h"
#include "service/templates/template_folder.h"
#include "service/templates/template_registry.h"
#include "service/templates/template_upgrades.h"
#include "tasker/v1/template_service.grpc.pb.h"

namespace tasker::service {

// Contract: tasker/v1/template_service.proto. What it is given must outlive it and every call.
class TemplateService final : public v1::TemplateService::CallbackService {
 public:
  // `folder` is null if there is none.
  TemplateService(TemplateRegistry* registry, const TemplateFolder* folder,
                  TemplateUpgrades* upgrades, const KnownPositions* positions)
      : registry_(*registry), folder_(folder), upgrades_(*upgrades), positions_(*positions) {}

  grpc::ServerUnaryReactor* ApplyTemplate(grpc::CallbackServerContext* context,
                                          const v1::ApplyTemplateRequest* request,
                                          v1::ApplyTemplateResponse* response) override;
  grpc::ServerUnaryReactor* LintTemplate(grpc::CallbackServerContext* context,
                                         const v1::LintTemplateRequest* request,
                                         v1::LintTemplateResponse* response) override;
  grpc::ServerUnaryReactor* ListTemplates(grpc::CallbackServerContext* context,
                                          const v1::ListTemplatesRequest* request,
                                          v1::ListTemplatesResponse* response) override;
  grpc::ServerUnaryReactor* GetTemplate(grpc::CallbackServerContext* context,
                                        const v1::GetTemplateRequest* request,
                                        v1::GetTemplateResponse* response) override;
  grpc::ServerUnaryReactor* ListTemplateFiles(grpc::CallbackServerContext* context,
                                              const v1::ListTemplateFilesRequest* request,
                                              v1::ListTemplateFilesResponse* response) override;

  grpc::ServerWriteReactor<v1::RehearseTemplateResponse>* RehearseTemplate(
      grpc::CallbackServerContext* context, const v1::RehearseTemplateRequest* request) override;
  grpc::ServerWriteReactor<v1::MigrateTasksResponse>* MigrateTasks(
      grpc::CallbackServerContext* context, const v1::MigrateTasksRequest* request) override;
  grpc::ServerUnaryReactor* AnalyzeTemplate(grpc::CallbackServerContext* context,
                                            const v1::AnalyzeTemplateRequest* request,
                                            v1::AnalyzeTemplateResponse* response) override;

 private:
  TemplateRegistry& registry_;
  const TemplateFolder* const folder_;
  TemplateUpgrades& upgrades_;
  const KnownPositions& positions_;
};

}  // namespace tasker::service
