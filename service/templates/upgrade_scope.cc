#include "service/templates/upgrade_scope.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace tasker::service {
namespace {

constexpr std::size_t kOperatorBytesMax = 1024;

// What both requests say of the tasks.
template <typename Request>
absl::StatusOr<UpgradeScope> WithTasks(const TemplateRegistry& templates,
                                       TemplateRegistry::EntryPtr to, const Request& request) {
  const engine::TemplateId& id = to->compiled->id;
  for (const std::string& version : request.from_versions()) {
    if (version == id.version) {
      return absl::InvalidArgumentError(
          absl::StrCat("from_versions: ", version, " is the version to move to"));
    }
    if (version.empty()) return absl::InvalidArgumentError("from_versions: one is empty");
    const auto from = templates.Find(id.namespace_name, id.name, version);
    if (!from.ok()) return from.status();
  }
  UpgradeScope scope{
      std::move(to), {request.from_versions().begin(), request.from_versions().end()}, {}};
  if (request.task_id().empty()) return scope;
  scope.task = engine::TaskId::Parse(request.task_id());
  if (scope.task) return scope;
  return absl::InvalidArgumentError(
      absl::StrCat("task_id: \"", absl::CHexEscape(request.task_id()), "\" is not a UUID"));
}

}  // namespace

bool UpgradeScope::Includes(const engine::TemplateId& from) const {
  const engine::TemplateId& id = to->compiled->id;
  return from.namespace_name == id.namespace_name && from.name == id.name &&
         from.version != id.version &&
         (from_versions.empty() || std::ranges::count(from_versions, from.version) > 0);
}

absl::StatusOr<UpgradeScope> ScopeOf(const TemplateRegistry& templates,
                                     const v1::RehearseTemplateRequest& request) {
  if (request.source().empty() == request.name().empty()) {
    return absl::InvalidArgumentError("exactly one of source and name must be given");
  }
  if (request.source().empty()) {
    auto to = templates.Find(request.namespace_(), request.name(), request.version());
    if (!to.ok()) return to.status();
    return WithTasks(templates, *std::move(to), request);
  }
  const std::string& name = request.source_name();
  auto to = templates.Try(request.source(), name.empty() ? "template" : name);
  if (!to.ok()) return to.status();
  return WithTasks(templates, *std::move(to), request);
}

absl::StatusOr<UpgradeScope> ScopeOf(const TemplateRegistry& templates,
                                     const v1::MigrateTasksRequest& request) {
  if (request.name().empty()) return absl::InvalidArgumentError("name: is required");
  if (request.to_version().empty()) return absl::InvalidArgumentError("to_version: is required");
  for (const auto& [where, text] : {std::pair("operator.actor", &request.operator_().actor()),
                                    std::pair("operator.reason", &request.operator_().reason())}) {
    if (text->size() <= kOperatorBytesMax) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        where, ": ", text->size(), " bytes are over the limit of ", kOperatorBytesMax));
  }
  auto to = templates.Find(request.namespace_(), request.name(), request.to_version());
  if (!to.ok()) return to.status();
  return WithTasks(templates, *std::move(to), request);
}

}  // namespace tasker::service
