// The folder of templates as the contract shows it.
#pragma once

#include "absl/status/status.h"

#include "service/templates/template_folder.h"
#include "service/templates/template_registry.h"
#include "tasker/v1/admin_service.pb.h"
#include "tasker/v1/template_service.pb.h"

namespace tasker::service {

// TemplateService.ListTemplateFiles of the contract, with its errors. `folder` is null if there is
// none.
absl::Status ListFiles(const TemplateRegistry& registry, const TemplateFolder* folder,
                       const v1::ListTemplateFilesRequest& request,
                       v1::ListTemplateFilesResponse& response);

// What GetStatus tells of templates.
void DescribeTemplates(const TemplateRegistry& registry, const TemplateFolder* folder,
                       v1::GetStatusResponse& status);

}  // namespace tasker::service
