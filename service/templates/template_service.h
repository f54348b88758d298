// The gRPC door to templates.
#pragma once

#include <grpcpp/grpcpp.h>

#include "service/templates/template_registry.h"
#include "tasker/v1/template_service.grpc.pb.h"

namespace tasker::service {

// Contract: tasker/v1/template_service.proto. `registry` must outlive it and every call.
class TemplateService final : public v1::TemplateService::CallbackService {
 public:
  explicit TemplateService(TemplateRegistry* registry) : registry_(*registry) {}

  grpc::ServerUnaryReactor* ApplyTemplate(grpc::CallbackServerContext* context,
                                          const v1::ApplyTemplateRequest* request,
                                          v1::ApplyTemplateResponse* response) override;
  grpc::ServerUnaryReactor* ListTemplates(grpc::CallbackServerContext* context,
                                          const v1::ListTemplatesRequest* request,
                                          v1::ListTemplatesResponse* response) override;
  grpc::ServerUnaryReactor* GetTemplate(grpc::CallbackServerContext* context,
                                        const v1::GetTemplateRequest* request,
                                        v1::GetTemplateResponse* response) override;
  grpc::ServerUnaryReactor* AnalyzeTemplate(grpc::CallbackServerContext* context,
                                            const v1::AnalyzeTemplateRequest* request,
                                            v1::AnalyzeTemplateResponse* response) override;

 private:
  TemplateRegistry& registry_;
};

}  // namespace tasker::service
