#include "storage/memory_store.h"

#include <utility>

#include "storage/keys.h"

namespace tasker::storage {
namespace {

std::optional<std::string> Find(const MemoryStore::Rows& rows, std::string_view key) {
  const auto found = rows.find(key);
  if (found == rows.end()) return std::nullopt;
  return found->second;
}

class MemoryCursor final : public Snapshot::Cursor {
 public:
  MemoryCursor(const MemoryStore::Rows& rows, std::string_view begin, std::string_view end)
      : row_(rows.lower_bound(begin)), end_(end.empty() ? rows.end() : rows.lower_bound(end)) {
    // A range that ends before it begins is empty.
    if (!end.empty() && end < begin) row_ = end_;
  }

  bool Valid() const override { return row_ != end_; }
  void Next() override { ++row_; }
  std::string_view key() const override { return row_->first; }
  std::string_view value() const override { return row_->second; }
  absl::Status status() const override { return absl::OkStatus(); }

 private:
  MemoryStore::Rows::const_iterator row_;
  MemoryStore::Rows::const_iterator end_;
};

class MemorySnapshot final : public Snapshot {
 public:
  explicit MemorySnapshot(MemoryStore::Tables tables) : tables_(std::move(tables)) {}

  absl::StatusOr<std::optional<std::string>> Get(Table table, std::string_view key) override {
    return Find(tables_[static_cast<std::size_t>(table)], key);
  }

  std::unique_ptr<Cursor> Scan(Table table, std::string_view begin, std::string_view end) override {
    return std::make_unique<MemoryCursor>(tables_[static_cast<std::size_t>(table)], begin, end);
  }

 private:
  const MemoryStore::Tables tables_;
};

}  // namespace

void MemoryStore::Inject(Fault fault) {
  absl::MutexLock lock(&mutex_);
  faults_.push_back(fault);
}

absl::StatusOr<Ownership> MemoryStore::Acquire(PartitionId partition) {
  absl::MutexLock lock(&mutex_);
  PartitionState state = StateOf(partition);
  state.epoch = Epoch{Raw(state.epoch) + 1};
  Write(partition, state, Batch());
  return Ownership{state.epoch, state.sequence};
}

CommitResult MemoryStore::Commit(PartitionId partition, Epoch epoch, Sequence sequence,
                                 const Batch& batch) {
  absl::MutexLock lock(&mutex_);
  PartitionState state = StateOf(partition);
  if (!state.Admits(epoch, sequence)) {
    return {CommitOutcome::kFenced, absl::AbortedError("another owner has the partition")};
  }
  state.sequence = sequence;
  if (faults_.empty()) {
    Write(partition, state, batch);
    return {CommitOutcome::kCommitted, absl::OkStatus()};
  }
  const Fault fault = faults_.front();
  faults_.pop_front();
  if (fault.outcome == CommitOutcome::kInDoubt && fault.written) Write(partition, state, batch);
  return {fault.outcome, absl::UnavailableError("a fault injected by a test")};
}

absl::StatusOr<Sequence> MemoryStore::LastSequence(PartitionId partition) {
  absl::MutexLock lock(&mutex_);
  return StateOf(partition).sequence;
}

absl::StatusOr<std::optional<std::string>> MemoryStore::Get(Table table, std::string_view key) {
  absl::MutexLock lock(&mutex_);
  return Find(tables_[static_cast<std::size_t>(table)], key);
}

std::unique_ptr<Snapshot> MemoryStore::TakeSnapshot() {
  absl::MutexLock lock(&mutex_);
  return std::make_unique<MemorySnapshot>(tables_);
}

std::uint64_t MemoryStore::SyncCount() const {
  absl::MutexLock lock(&mutex_);
  return syncs_;
}

PartitionState MemoryStore::StateOf(PartitionId partition) {
  const auto record =
      Find(tables_[static_cast<std::size_t>(Table::kPartitions)], PartitionKey(partition));
  return record ? PartitionState::Decode(*record).value_or(PartitionState{}) : PartitionState{};
}

void MemoryStore::Write(PartitionId partition, const PartitionState& state, const Batch& batch) {
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Batch::Change change = batch.at(i);
    Rows& rows = tables_[static_cast<std::size_t>(change.table)];
    if (change.is_delete) {
      if (const auto found = rows.find(change.key); found != rows.end()) rows.erase(found);
    } else {
      rows.insert_or_assign(std::string(change.key), std::string(change.value));
    }
  }
  tables_[static_cast<std::size_t>(Table::kPartitions)].insert_or_assign(PartitionKey(partition),
                                                                         state.Encode());
  ++syncs_;
}

}  // namespace tasker::storage
