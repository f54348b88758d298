// Moving open tasks to another version of their template, a page at a time.
#pragma once

#include "absl/status/statusor.h"

#include "engine/model/time.h"
#include "service/pipeline/partition_runner.h"
#include "service/templates/upgrade_pass.h"
#include "tasker/v1/template_service.pb.h"

namespace tasker::service {

// One pass. Each page of tasks is given to the engine together and waited for, so that other
// commands come in between. Not safe for concurrent use; not for the threads of partition and
// commit.
class MigrationPass {
 public:
  // `runner` must outlive it. `request` has been checked by ScopeOf.
  MigrationPass(UpgradePass tasks, const v1::MigrateTasksRequest& request, PartitionRunner* runner);

  // Moves the next tasks, and tells what became of them; maybe none although there are more.
  // Errors: as UpgradePass::Next; what the runner answers if it takes no commands.
  absl::StatusOr<v1::MigrateTasksResponse> Next(engine::Timestamp now);

  // Whether all tasks have been dealt with, or as many as were asked for.
  bool done() const { return done_; }

 private:
  // Moves those of the page that can move. Errors: the last.
  absl::Status Move(v1::MigrateTasksResponse& page);

  UpgradePass tasks_;
  PartitionRunner& runner_;
  const bool dry_run_;
  const std::uint32_t limit_;
  const std::string actor_;
  const std::string reason_;
  v1::UpgradeCounts counts_;
  // The commit of the last task moved; 0: none was.
  storage::Sequence newest_{};
  bool done_ = false;
};

}  // namespace tasker::service
