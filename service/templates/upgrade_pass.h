// Looking at open tasks, a page at a time, for what another version of their template would do.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "engine/migration/version_diff.h"
#include "engine/model/payload.h"
#include "engine/model/time.h"
#include "service/templates/upgrade_scope.h"
#include "storage/store.h"
#include "tasker/v1/template_service.pb.h"

namespace tasker::service {

// One pass over the tasks of a scope. Each page is of the store as it is then, so a pass keeps no
// old view of it alive, and its memory does not grow with the number of tasks: it holds one at a
// time, and what is to be told of a page. Not safe for concurrent use.
class UpgradePass {
 public:
  using FindTemplate = std::function<engine::TaskTemplatePtr(const engine::TemplateId&)>;

  // `store` must outlive it.
  UpgradePass(storage::Store* store, FindTemplate find_template, UpgradeScope scope)
      : store_(*store), find_template_(std::move(find_template)), scope_(std::move(scope)) {}

  const UpgradeScope& scope() const { return scope_; }

  // The next tasks, at most `tasks_max`; maybe none although there are more. Errors: as the
  // contract says of a single task; DATA_LOSS: a key cannot be read; else what the store answers.
  absl::StatusOr<std::vector<v1::TaskUpgrade>> Next(engine::Timestamp now, int tasks_max);

  // What a task of version `from_version` works with once it has been moved; null: what it has,
  // since neither version has a default context. Errors: as ReadGivenContext.
  absl::StatusOr<engine::Payload> ContextAfter(const engine::TaskId& task,
                                               const std::string& from_version);

  // The version to move to, with the step that initialises.
  engine::TaskTemplatePtr ToInitialized();

  // Whether all tasks have been looked at.
  bool done() const { return done_; }

 private:
  absl::StatusOr<std::vector<v1::TaskUpgrade>> OnlyTask(engine::Timestamp now);
  v1::TaskUpgrade Look(const engine::TaskId& task, const engine::TemplateId& from,
                       engine::Timestamp now);
  // Null: the old version cannot be loaded.
  const engine::VersionDiff* DiffFrom(engine::TemplateId from);

  storage::Store& store_;
  const FindTemplate find_template_;
  const UpgradeScope scope_;
  // By version, and whether tasks are initialised.
  std::map<std::pair<std::string, bool>, std::unique_ptr<engine::VersionDiff>> diffs_;
  engine::TaskTemplatePtr to_initialized_;
  // The first key of the next page; empty: the first of all.
  std::string next_key_;
  bool done_ = false;
};

// Adds what became of one more task.
void Count(const v1::TaskUpgrade& upgrade, v1::UpgradeCounts& counts);

}  // namespace tasker::service
