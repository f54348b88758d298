// Which classes of tasks have task handlers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_set.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "service/pipeline/partition_runner.h"
#include "storage/store.h"

namespace tasker::service {

// Every class that a task handler ever registered for, until it is forgotten: a new task of it is
// initialised before its steps begin, whether such a handler is connected or not. Stored, so that
// a restart does not let tasks slip through before the handler is back. Safe for concurrent use.
class TaskHandlerClasses {
 public:
  // Reads what is stored. `store` must outlive it. Errors: what the store answers.
  static absl::StatusOr<std::unique_ptr<TaskHandlerClasses>> Open(storage::Store* store,
                                                                  storage::PartitionId partition);

  // From now on `runner` stores what is added. To be called once, before Add and Forget.
  void StoreBy(PartitionRunner* runner) { runner_ = runner; }

  // Adds those of `classes` that are not stored yet, in a commit ahead of all that is submitted
  // after this call.
  void Add(const std::vector<std::string>& classes);

  // Forgets a class: new tasks of it are initialised no more. `done` as in
  // PartitionRunner::Submit, and with NOT_FOUND if it is not known.
  void Forget(const std::string& task_handler_class, Completion done);

  bool Contains(const std::string& task_handler_class) const;
  // By name.
  std::vector<std::string> All() const;

 private:
  explicit TaskHandlerClasses(storage::PartitionId partition) : partition_(partition) {}

  const storage::PartitionId partition_;
  PartitionRunner* runner_ = nullptr;
  mutable absl::Mutex mutex_;
  absl::btree_set<std::string> known_ ABSL_GUARDED_BY(mutex_);
  // Those of them that are durable.
  absl::btree_set<std::string> stored_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tasker::service
