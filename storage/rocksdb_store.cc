#include "storage/rocksdb_store.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include <rocksdb/perf_level.h>
#include <rocksdb/utilities/checkpoint.h>

#include "storage/backups.h"
#include "storage/high_water_marks.h"
#include "storage/keys.h"
#include "storage/migrations.h"
#include "storage/partition_fence.h"
#include "storage/rocksdb_database.h"
#include "storage/rocksdb_snapshot.h"
#include "storage/rocksdb_status.h"
#include "storage/write_probe.h"

namespace tasker::storage {
namespace {

using DatabasePtr = std::shared_ptr<RocksDbDatabase>;

rocksdb::Slice ToSlice(std::string_view text) { return {text.data(), text.size()}; }

// Lets one thread wait until the last user of a database has closed it. Safe for concurrent use.
class ClosingGate {
 public:
  void Opened() { Set(false); }
  void Closed() { Set(true); }

  // False: it is still open after `limit`.
  bool AwaitClosed(absl::Duration limit) {
    absl::MutexLock lock(&mutex_);
    return mutex_.AwaitWithTimeout(absl::Condition(&closed_), limit);
  }

 private:
  void Set(bool closed) {
    absl::MutexLock lock(&mutex_);
    closed_ = closed;
  }

  absl::Mutex mutex_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = true;
};

absl::StatusOr<PartitionState> ReadState(RocksDbDatabase& database, PartitionId partition) {
  const absl::StatusOr<std::optional<std::string>> record =
      ReadValue(database, nullptr, Table::kPartitions, PartitionKey(partition));
  if (!record.ok()) return record.status();
  if (!record->has_value()) return PartitionState{};
  const std::optional<PartitionState> state = PartitionState::Decode(**record);
  if (!state) return absl::DataLossError("the record of a partition cannot be read");
  return *state;
}

// DATA_LOSS: something that was acknowledged is not there.
absl::Status CheckMarks(const HighWaterMarks& marks, RocksDbDatabase& database) {
  return marks.Check([&](PartitionId partition) -> absl::StatusOr<Sequence> {
    const absl::StatusOr<PartitionState> state = ReadState(database, partition);
    if (!state.ok()) return state.status();
    return state->sequence;
  });
}

class RocksDbStore final : public Store {
 public:
  RocksDbStore(RocksDbOptions options, std::unique_ptr<RocksDbDatabase> database,
               std::unique_ptr<HighWaterMarks> marks)
      : options_(std::move(options)), marks_(std::move(marks)) {
    absl::MutexLock lock(&mutex_);
    Install(std::move(database));
  }

  ~RocksDbStore() override {
    absl::MutexLock lock(&mutex_);
    database_ = nullptr;
    gate_.AwaitClosed(absl::InfiniteDuration());
  }

  absl::StatusOr<Ownership> Acquire(PartitionId partition) override {
    absl::StatusOr<DatabasePtr> database = Database();
    if (!database.ok()) return database.status();
    absl::StatusOr<PartitionState> state = ReadState(**database, partition);
    if (!state.ok()) return state.status();
    state->epoch = Epoch{Raw(state->epoch) + 1};
    const rocksdb::Status written =
        (*database)->db().Put(Synced(), (*database)->Family(Table::kPartitions),
                              PartitionKey(partition), state->Encode());
    if (!written.ok()) return ToAbsl(written);
    absl::MutexLock lock(&mutex_);
    states_[Raw(partition)] = *state;
    return Ownership{state->epoch, state->sequence};
  }

  CommitResult Commit(PartitionId partition, Epoch epoch, Sequence sequence,
                      const Batch& batch) override {
    PartitionState state;
    {
      absl::MutexLock lock(&mutex_);
      const auto known = states_.find(Raw(partition));
      if (known == states_.end() || !known->second.Admits(epoch, sequence)) {
        return {CommitOutcome::kFenced,
                absl::AbortedError(absl::StrCat("partition ", Raw(partition), ", epoch ",
                                                Raw(epoch), ", sequence ", Raw(sequence),
                                                ": another owner has the partition"))};
      }
      state = known->second;
    }
    const absl::StatusOr<DatabasePtr> database = Database();
    if (!database.ok()) return {CommitOutcome::kFailed, database.status()};
    state.sequence = sequence;
    // RocksDB counts what each thread does, down to single comparisons, and nobody asks for it.
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
    rocksdb::WriteBatch writes(batch.bytes() + batch.size() * 16);
    rocksdb::Status added = Translate(batch, **database, writes);
    if (added.ok()) {
      added = writes.Put((*database)->Family(Table::kPartitions), PartitionKey(partition),
                         state.Encode());
    }
    if (!added.ok()) return {CommitOutcome::kFailed, ToAbsl(added)};
    const rocksdb::Status written = (*database)->db().Write(Synced(), &writes);
    // RocksDB does not say whether a write that failed is in its log; only Recover finds out.
    if (!written.ok()) return {CommitOutcome::kInDoubt, ToAbsl(written)};
    marks_->Raise(partition, sequence);
    absl::MutexLock lock(&mutex_);
    states_[Raw(partition)].sequence = sequence;
    return {CommitOutcome::kCommitted, absl::OkStatus()};
  }

  absl::StatusOr<Sequence> LastSequence(PartitionId partition) override {
    const absl::StatusOr<DatabasePtr> database = Database();
    if (!database.ok()) return database.status();
    const absl::StatusOr<PartitionState> state = ReadState(**database, partition);
    if (!state.ok()) return state.status();
    return state->sequence;
  }

  absl::StatusOr<std::optional<std::string>> Get(Table table, std::string_view key) override {
    const absl::StatusOr<DatabasePtr> database = Database();
    if (!database.ok()) return database.status();
    return ReadValue(**database, nullptr, table, key);
  }

  std::unique_ptr<Snapshot> TakeSnapshot() override {
    absl::StatusOr<DatabasePtr> database = Database();
    if (!database.ok()) return FailedSnapshot(database.status());
    return std::make_unique<RocksDbSnapshot>(*std::move(database));
  }

  // A database that has refused a write takes no other, and what its log holds of that write is
  // decided when it is read: so the database is opened anew.
  absl::Status Recover() override {
    if (absl::Status room = ProbeWriting(options_); !room.ok()) return room;
    // Held to the end: whoever wants the database waits for the new one.
    absl::MutexLock lock(&mutex_);
    if (database_ != nullptr) {
      const std::uint64_t syncs = database_->SyncCount();
      const std::weak_ptr<RocksDbDatabase> before = std::exchange(database_, nullptr);
      if (!gate_.AwaitClosed(options_.readers_wait_max)) database_ = before.lock();
      if (database_ != nullptr) return absl::UnavailableError("the store is still being read");
      gate_.AwaitClosed(absl::InfiniteDuration());
      syncs_before_ += syncs;
    }
    absl::StatusOr<std::unique_ptr<RocksDbDatabase>> opened = RocksDbDatabase::Open(options_);
    if (!opened.ok()) return why_closed_ = opened.status();
    Install(*std::move(opened));
    if (absl::Status whole = CheckMarks(*marks_, *database_); !whole.ok()) return whole;
    for (auto& [partition, state] : states_) {
      const absl::StatusOr<PartitionState> stored = ReadState(*database_, PartitionId{partition});
      if (!stored.ok()) return stored.status();
      state = *stored;
    }
    return absl::OkStatus();
  }

  absl::Status CheckpointTo(const std::string& folder) override {
    const absl::StatusOr<DatabasePtr> database = Database();
    if (!database.ok()) return database.status();
    rocksdb::Checkpoint* made = nullptr;
    const rocksdb::Status status = rocksdb::Checkpoint::Create(&(*database)->db(), &made);
    const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
    return ToAbsl(status.ok() ? checkpoint->CreateCheckpoint(folder) : status);
  }

  absl::StatusOr<std::uint32_t> AddBackup(const std::string& folder) override {
    const absl::StatusOr<DatabasePtr> database = Database();
    if (!database.ok()) return database.status();
    return AddBackupOf(**database, folder);
  }

  std::uint64_t SyncCount() const override {
    absl::MutexLock lock(&mutex_);
    return syncs_before_ + (database_ == nullptr ? 0 : database_->SyncCount());
  }

 private:
  static rocksdb::WriteOptions Synced() {
    rocksdb::WriteOptions options;
    options.sync = true;
    return options;
  }

  static rocksdb::Status Translate(const Batch& batch, RocksDbDatabase& database,
                                   rocksdb::WriteBatch& writes) {
    rocksdb::Status added;
    for (std::size_t i = 0; i < batch.size() && added.ok(); ++i) {
      const Batch::Change change = batch.at(i);
      rocksdb::ColumnFamilyHandle* const family = database.Family(change.table);
      switch (change.kind) {
        case Batch::Kind::kPut:
          added = writes.Put(family, ToSlice(change.key), ToSlice(change.value));
          break;
        case Batch::Kind::kDelete:
          added = writes.Delete(family, ToSlice(change.key));
          break;
        case Batch::Kind::kDeleteRange:
          added = writes.DeleteRange(family, ToSlice(change.key), ToSlice(change.value));
          break;
      }
    }
    return added;
  }

  // Error: why it could not be opened anew.
  absl::StatusOr<DatabasePtr> Database() {
    absl::MutexLock lock(&mutex_);
    if (database_ == nullptr) return why_closed_;
    return database_;
  }

  void Install(std::unique_ptr<RocksDbDatabase> database) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    gate_.Opened();
    // Whoever reads last closes it; Recover and the destructor wait for that.
    database_ = DatabasePtr(database.release(), [this](RocksDbDatabase* last) {
      delete last;
      gate_.Closed();
    });
  }

  const RocksDbOptions options_;
  const std::unique_ptr<HighWaterMarks> marks_;
  ClosingGate gate_;
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<std::uint16_t, PartitionState> states_ ABSL_GUARDED_BY(mutex_);
  DatabasePtr database_ ABSL_GUARDED_BY(mutex_);
  absl::Status why_closed_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t syncs_before_ ABSL_GUARDED_BY(mutex_) = 0;
};

// OpenRocksDbStore's work, its errors not yet naming the folder.
absl::StatusOr<std::unique_ptr<Store>> Open(const RocksDbOptions& options) {
  absl::StatusOr<std::unique_ptr<RocksDbDatabase>> database = RocksDbDatabase::Open(options);
  if (!database.ok()) return database.status();
  if (absl::Status format = BringUpToDate(**database, options.log); !format.ok()) return format;
  absl::StatusOr<std::unique_ptr<HighWaterMarks>> marks = HighWaterMarks::Open(options.folder);
  if (!marks.ok()) return marks.status();
  if (absl::Status whole = CheckMarks(**marks, **database); !whole.ok()) return whole;
  return std::make_unique<RocksDbStore>(options, *std::move(database), *std::move(marks));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenRocksDbStore(const RocksDbOptions& options) {
  absl::StatusOr<std::unique_ptr<Store>> store = Open(options);
  if (store.ok()) return store;
  return absl::Status(store.status().code(), absl::StrCat("store in ", options.folder, ": ",
                                                          std::string(store.status().message())));
}

}  // namespace tasker::storage
