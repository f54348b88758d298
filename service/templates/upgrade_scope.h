// Which tasks an upgrade is about, and to which version.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "engine/model/ids.h"
#include "service/templates/template_registry.h"
#include "tasker/v1/template_service.pb.h"

namespace tasker::service {

struct UpgradeScope {
  // The version that tasks are to move to; need not have been applied to be rehearsed.
  TemplateRegistry::EntryPtr to;
  // Empty: all others.
  std::vector<std::string> from_versions;
  // Only this one.
  std::optional<engine::TaskId> task;

  // Whether tasks on `from` are meant.
  bool Includes(const engine::TemplateId& from) const;
};

// What a request asks for. Errors: those of the contract that need no task to be looked at.
absl::StatusOr<UpgradeScope> ScopeOf(const TemplateRegistry& templates,
                                     const v1::RehearseTemplateRequest& request);
absl::StatusOr<UpgradeScope> ScopeOf(const TemplateRegistry& templates,
                                     const v1::MigrateTasksRequest& request);

}  // namespace tasker::service
