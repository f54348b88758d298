// A store that forgets everything when it is destroyed: the twin of the real one, for tests.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "storage/partition_fence.h"
#include "storage/store.h"

namespace tasker::storage {

// Keeps everything in ordered maps behind one lock; a snapshot is a copy. Safe for concurrent use.
class MemoryStore final : public Store {
 public:
  // What a test makes the next commit do instead of committing.
  struct Fault {
    // kFailed, or kInDoubt.
    CommitOutcome outcome = CommitOutcome::kFailed;
    // With kInDoubt: whether it was written all the same.
    bool written = false;
  };

  // A store with what a checkpoint in `folder` holds. Error: NOT_FOUND.
  static absl::StatusOr<std::unique_ptr<MemoryStore>> Open(const std::string& folder);

  // Queues a fault: each strikes one commit, in order.
  void Inject(Fault fault);

  absl::StatusOr<Ownership> Acquire(PartitionId partition) override;
  CommitResult Commit(PartitionId partition, Epoch epoch, Sequence sequence,
                      const Batch& batch) override;
  absl::StatusOr<Sequence> LastSequence(PartitionId partition) override;
  absl::StatusOr<std::optional<std::string>> Get(Table table, std::string_view key) override;
  absl::Status Recover() override { return absl::OkStatus(); }
  // A file, see Open.
  absl::Status CheckpointTo(const std::string& folder) override;
  absl::StatusOr<std::uint32_t> AddBackup(const std::string& folder) override;
  std::unique_ptr<Snapshot> TakeSnapshot() override;
  // One for each commit and each Acquire.
  std::uint64_t SyncCount() const override;

  using Rows = std::map<std::string, std::string, std::less<>>;
  using Tables = std::array<Rows, kTableCount>;

 private:
  PartitionState StateOf(PartitionId partition) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Write(PartitionId partition, const PartitionState& state, const Batch& batch)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  Tables tables_ ABSL_GUARDED_BY(mutex_);
  std::deque<Fault> faults_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t syncs_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace tasker::storage
