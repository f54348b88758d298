// What a template's shape says, for the contract.
#pragma once

#include "absl/status/status.h"

#include "service/templates/template_registry.h"
#include "tasker/v1/template_service.pb.h"

namespace tasker::service {

// Answers TemplateService.AnalyzeTemplate; errors as there.
absl::Status AnswerAnalysis(const TemplateRegistry& registry,
                            const v1::AnalyzeTemplateRequest& request,
                            v1::AnalyzeTemplateResponse& response);

}  // namespace tasker::service
