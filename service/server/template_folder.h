// Applying a folder of templates at start.
#pragma once

#include <string>

#include "absl/status/status.h"

#include "service/templates/template_registry.h"

namespace tasker::service {

// Applies each *.yaml and *.yml below `folder`, in the order of their paths. A file that is refused
// is logged and left out; the others are applied all the same. What begins with a dot is passed
// over. Error: NOT_FOUND if there is no such folder.
absl::Status ApplyFolder(const std::string& folder, TemplateRegistry& registry);

}  // namespace tasker::service
