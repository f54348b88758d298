// Removing what has been kept long enough.
#pragma once

#include <functional>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "config/retention.h"
#include "engine/model/time.h"
#include "service/events/event_log.h"
#include "service/maintenance/retention_policies.h"
#include "service/pipeline/partition_runner.h"
#include "storage/store.h"
#include "tasker/v1/admin_service.pb.h"

namespace tasker::service {

// Walks over what has finished and over the event log, oldest first, and removes what is over its
// limits, some hundred rows a commit and one commit after the other, among those of the engine. Of
// one thread; `cancelled` may be asked from it.
class Retention {
 public:
  // Pointers must outlive it.
  Retention(config::RetentionSettings settings, storage::PartitionId partition,
            storage::Store* store, PartitionRunner* runner, EventLog* log)
      : settings_(std::move(settings)),
        partition_(partition),
        store_(*store),
        runner_(*runner),
        log_(*log) {}

  // Goes once over everything. `dry_run`: only counts. `cancelled` is asked between commits; true:
  // enough. Errors: what the store answers; UNAVAILABLE if cancelled.
  absl::StatusOr<v1::RunRetentionResponse> Run(engine::Timestamp now, bool dry_run,
                                               const std::function<bool()>& cancelled);

  // Whether there is any limit.
  bool HasLimits() const;

 private:
  // One way over everything.
  struct Pass {
    engine::Timestamp now;
    bool dry_run;
    const std::function<bool()>& cancelled;
    std::map<TemplateName, v1::RetentionCount> counts;
    // As of the last commit.
    std::map<TemplateName, v1::RetentionCount> committed;
  };
  struct Finished {
    engine::TaskId id;
    engine::Timestamp completed_at;
    storage::v1::FinishedRecord record;
  };
  // Return whether to go on.
  using FinishedVisitor = std::function<absl::StatusOr<bool>(const Finished&)>;
  using EventVisitor =
      std::function<absl::StatusOr<bool>(storage::Sequence, storage::v1::EventBatchRecord&)>;

  // ABORTED: finished tasks have changed meanwhile.
  absl::Status SweepTasks(Pass& pass);
  absl::Status VisitFinished(storage::Snapshot& snapshot, const FinishedVisitor& visit);
  // Adds what is to go of a task: `whole`, or its history.
  absl::Status Remove(storage::Snapshot& snapshot, const Finished& task, bool whole,
                      v1::RetentionCount& count, storage::Batch& batch);
  // Both in event_retention.cc.
  absl::Status SweepEvents(Pass& pass);
  absl::Status VisitEvents(storage::Snapshot& snapshot, const EventVisitor& visit);
  absl::Status Commit(Pass& pass, storage::Batch& batch, storage::Sequence as_of);

  const config::RetentionSettings settings_;
  const storage::PartitionId partition_;
  storage::Store& store_;
  PartitionRunner& runner_;
  EventLog& log_;
};

}  // namespace tasker::service
