#include "service/handlers/task_handler_classes.h"

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"

#include "storage/keys.h"

namespace tasker::service {
namespace {

using storage::Table;

}  // namespace

absl::StatusOr<std::unique_ptr<TaskHandlerClasses>> TaskHandlerClasses::Open(
    storage::Store* store, storage::PartitionId partition) {
  auto classes = std::unique_ptr<TaskHandlerClasses>(new TaskHandlerClasses(partition));
  const std::string first = storage::TaskHandlerKey(partition, "");
  const auto snapshot = store->TakeSnapshot();
  const auto rows = snapshot->Scan(Table::kPartitions, first, storage::KeyAfter(first));
  absl::MutexLock lock(&classes->mutex_);
  for (; rows->Valid(); rows->Next()) {
    classes->stored_.emplace(rows->key().substr(first.size()));
  }
  if (absl::Status read = rows->status(); !read.ok()) return read;
  classes->known_ = classes->stored_;
  return classes;
}

void TaskHandlerClasses::Add(const std::vector<std::string>& classes) {
  std::vector<std::string> added;
  storage::Batch batch;
  {
    absl::MutexLock lock(&mutex_);
    for (const std::string& each : classes) {
      known_.insert(each);
      if (stored_.contains(each)) continue;
      batch.Put(Table::kPartitions, storage::TaskHandlerKey(partition_, each), "");
      added.push_back(each);
    }
  }
  if (added.empty()) return;
  runner_->Write(std::move(batch),
                 [this, added = std::move(added)](const absl::Status& answer, storage::Sequence) {
                   if (!answer.ok()) return;
                   absl::MutexLock lock(&mutex_);
                   stored_.insert(added.begin(), added.end());
                 });
}

void TaskHandlerClasses::Forget(const std::string& task_handler_class, Completion done) {
  bool known = false;
  {
    absl::MutexLock lock(&mutex_);
    known = known_.erase(task_handler_class) > 0;
    stored_.erase(task_handler_class);
  }
  if (!known) {
    done(absl::NotFoundError(
             absl::StrCat("no task handler ever registered for `", task_handler_class, "`")),
         storage::Sequence{});
    return;
  }
  storage::Batch batch;
  batch.Delete(Table::kPartitions, storage::TaskHandlerKey(partition_, task_handler_class));
  runner_->Write(std::move(batch), std::move(done));
}

bool TaskHandlerClasses::Contains(const std::string& task_handler_class) const {
  absl::MutexLock lock(&mutex_);
  return known_.contains(task_handler_class);
}

std::vector<std::string> TaskHandlerClasses::All() const {
  absl::MutexLock lock(&mutex_);
  return {known_.begin(), known_.end()};
}

}  // namespace tasker::service
