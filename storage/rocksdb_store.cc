#include "storage/rocksdb_store.h"

#include <array>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/statistics.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

#include "storage/keys.h"
#include "storage/partition_fence.h"
#include "storage/rocksdb_status.h"

namespace tasker::storage {
namespace {

constexpr char kFormatKey[] = "format";

rocksdb::Slice ToSlice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

class RocksDbCursor final : public Snapshot::Cursor {
 public:
  RocksDbCursor(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family,
                const rocksdb::Snapshot* snapshot, std::string_view begin, std::string_view end)
      : end_(end), end_slice_(end_) {
    rocksdb::ReadOptions options;
    options.snapshot = snapshot;
    if (!end_.empty()) options.iterate_upper_bound = &end_slice_;
    iterator_.reset(db.NewIterator(options, family));
    iterator_->Seek(ToSlice(begin));
  }

  bool Valid() const override { return iterator_->Valid(); }
  void Next() override { iterator_->Next(); }
  std::string_view key() const override { return ToView(iterator_->key()); }
  std::string_view value() const override { return ToView(iterator_->value()); }
  absl::Status status() const override { return ToAbsl(iterator_->status()); }

 private:
  // The iterator looks at the bound as long as it lives.
  const std::string end_;
  const rocksdb::Slice end_slice_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

class RocksDbStore final : public Store {
 public:
  using Families = std::array<rocksdb::ColumnFamilyHandle*, kTableCount>;

  RocksDbStore(std::unique_ptr<rocksdb::DB> db, Families families,
               std::shared_ptr<rocksdb::Statistics> statistics)
      : db_(std::move(db)), families_(families), statistics_(std::move(statistics)) {}

  ~RocksDbStore() override {
    for (rocksdb::ColumnFamilyHandle* family : families_) {
      db_->DestroyColumnFamilyHandle(family).PermitUncheckedError();
    }
    db_->Close().PermitUncheckedError();
  }

  // Writes the format of a new store; refuses one that this program would misread.
  absl::Status CheckFormat() {
    absl::StatusOr<std::optional<std::string>> found = Get(Table::kPartitions, kFormatKey);
    if (!found.ok()) return found.status();
    if (!found->has_value()) {
      return ToAbsl(
          db_->Put(Synced(), Family(Table::kPartitions), kFormatKey, absl::StrCat(kFormatVersion)));
    }
    std::uint32_t format = 0;
    if (absl::SimpleAtoi(**found, &format) && format == kFormatVersion) return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrCat("the store has format ", **found, ", this program knows ", kFormatVersion,
                     "; use the version that wrote it, or a newer one"));
  }

  absl::StatusOr<Ownership> Acquire(PartitionId partition) override {
    absl::MutexLock lock(&mutex_);
    absl::StatusOr<PartitionState> state = ReadState(partition);
    if (!state.ok()) return state.status();
    state->epoch = Epoch{Raw(state->epoch) + 1};
    rocksdb::Status written =
        db_->Put(Synced(), Family(Table::kPartitions), PartitionKey(partition), state->Encode());
    if (!written.ok()) return ToAbsl(written);
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
    state.sequence = sequence;
    rocksdb::WriteBatch writes(batch.bytes() + batch.size() * 16);
    absl::Status added = Translate(batch, writes);
    if (added.ok()) {
      added =
          ToAbsl(writes.Put(Family(Table::kPartitions), PartitionKey(partition), state.Encode()));
    }
    if (!added.ok()) return {CommitOutcome::kFailed, added};
    const rocksdb::Status written = db_->Write(Synced(), &writes);
    // RocksDB does not say whether a write that failed is in its log.
    if (!written.ok()) return {CommitOutcome::kInDoubt, ToAbsl(written)};
    absl::MutexLock lock(&mutex_);
    states_[Raw(partition)].sequence = sequence;
    return {CommitOutcome::kCommitted, absl::OkStatus()};
  }

  absl::StatusOr<Sequence> LastSequence(PartitionId partition) override {
    const absl::StatusOr<PartitionState> state = ReadState(partition);
    if (!state.ok()) return state.status();
    return state->sequence;
  }

  absl::StatusOr<std::optional<std::string>> Get(Table table, std::string_view key) override {
    return GetAt(nullptr, table, key);
  }

  std::unique_ptr<Snapshot> TakeSnapshot() override;

  std::uint64_t SyncCount() const override {
    return statistics_->getTickerCount(rocksdb::WAL_FILE_SYNCED);
  }

  absl::StatusOr<std::optional<std::string>> GetAt(const rocksdb::Snapshot* snapshot, Table table,
                                                   std::string_view key) {
    rocksdb::ReadOptions options;
    options.snapshot = snapshot;
    std::string value;
    const rocksdb::Status status = db_->Get(options, Family(table), ToSlice(key), &value);
    if (status.IsNotFound()) return std::nullopt;
    if (!status.ok()) return ToAbsl(status);
    return std::optional(std::move(value));
  }

  rocksdb::DB& db() { return *db_; }
  rocksdb::ColumnFamilyHandle* Family(Table table) {
    return families_[static_cast<std::size_t>(table)];
  }

 private:
  static rocksdb::WriteOptions Synced() {
    rocksdb::WriteOptions options;
    options.sync = true;
    return options;
  }

  absl::StatusOr<PartitionState> ReadState(PartitionId partition) {
    absl::StatusOr<std::optional<std::string>> record =
        Get(Table::kPartitions, PartitionKey(partition));
    if (!record.ok()) return record.status();
    if (!record->has_value()) return PartitionState{};
    const std::optional<PartitionState> state = PartitionState::Decode(**record);
    if (!state) return absl::DataLossError("the record of a partition cannot be read");
    return *state;
  }

  absl::Status Translate(const Batch& batch, rocksdb::WriteBatch& writes) {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const Batch::Change change = batch.at(i);
      const rocksdb::Status added =
          change.is_delete
              ? writes.Delete(Family(change.table), ToSlice(change.key))
              : writes.Put(Family(change.table), ToSlice(change.key), ToSlice(change.value));
      if (!added.ok()) return ToAbsl(added);
    }
    return absl::OkStatus();
  }

  const std::unique_ptr<rocksdb::DB> db_;
  const Families families_;
  const std::shared_ptr<rocksdb::Statistics> statistics_;
  absl::Mutex mutex_;
  absl::flat_hash_map<std::uint16_t, PartitionState> states_ ABSL_GUARDED_BY(mutex_);
};

class RocksDbSnapshot final : public Snapshot {
 public:
  explicit RocksDbSnapshot(RocksDbStore* store)
      : store_(*store), snapshot_(store->db().GetSnapshot()) {}
  ~RocksDbSnapshot() override { store_.db().ReleaseSnapshot(snapshot_); }

  absl::StatusOr<std::optional<std::string>> Get(Table table, std::string_view key) override {
    return store_.GetAt(snapshot_, table, key);
  }

  std::unique_ptr<Cursor> Scan(Table table, std::string_view begin, std::string_view end) override {
    return std::make_unique<RocksDbCursor>(store_.db(), store_.Family(table), snapshot_, begin,
                                           end);
  }

 private:
  RocksDbStore& store_;
  const rocksdb::Snapshot* const snapshot_;
};

std::unique_ptr<Snapshot> RocksDbStore::TakeSnapshot() {
  return std::make_unique<RocksDbSnapshot>(this);
}

rocksdb::ColumnFamilyOptions FamilyOptions(Table table, const RocksDbOptions& options,
                                           const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions blocks;
  blocks.block_cache = cache;
  blocks.cache_index_and_filter_blocks = true;
  blocks.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(blocks));
  family.compression = rocksdb::kLZ4Compression;
  family.write_buffer_size = options.memory_bytes / 4;
  family.enable_blob_files = table == Table::kContexts || table == Table::kSteps;
  family.min_blob_size = options.blob_bytes_min;
  family.enable_blob_garbage_collection = true;
  return family;
}

rocksdb::DBOptions DatabaseOptions(const RocksDbOptions& options,
                                   const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::DBOptions database;
  database.create_if_missing = true;
  database.create_missing_column_families = true;
  // Write buffers are charged to the cache: one budget for both.
  database.write_buffer_manager =
      std::make_shared<rocksdb::WriteBufferManager>(options.memory_bytes / 2, cache);
  // One flush and one compaction at a time: two cores are all that a small machine has.
  database.max_background_jobs = 2;
  database.statistics = rocksdb::CreateDBStatistics();
  database.statistics->set_stats_level(rocksdb::StatsLevel::kExceptHistogramOrTimers);
  // Drops only what was never synced, so never what was acknowledged.
  database.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  database.max_total_wal_size = 4 * options.memory_bytes;
  database.keep_log_file_num = 4;
  return database;
}

// OpenRocksDbStore's work, its errors not yet naming the folder.
absl::StatusOr<std::unique_ptr<Store>> Open(const RocksDbOptions& options) {
  std::error_code made;
  std::filesystem::create_directories(options.folder, made);
  if (made) return absl::UnavailableError(absl::StrCat("cannot be made: ", made.message()));

  const std::shared_ptr<rocksdb::Cache> cache = rocksdb::NewLRUCache(options.memory_bytes);
  const rocksdb::DBOptions database = DatabaseOptions(options, cache);
  // RocksDB insists on a family called `default`; it stays empty.
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors = {
      {rocksdb::kDefaultColumnFamilyName, {}}};
  for (std::size_t i = 0; i < kTableCount; ++i) {
    descriptors.emplace_back(std::string(kTableNames[i]),
                             FamilyOptions(static_cast<Table>(i), options, cache));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::Open(database, options.folder, descriptors, &handles, &opened);
  if (!status.ok()) return ToAbsl(status);
  std::unique_ptr<rocksdb::DB> db(opened);
  db->DestroyColumnFamilyHandle(handles[0]).PermitUncheckedError();
  RocksDbStore::Families families{};
  for (std::size_t i = 0; i < kTableCount; ++i) families[i] = handles[i + 1];
  auto store = std::make_unique<RocksDbStore>(std::move(db), families, database.statistics);
  if (absl::Status format = store->CheckFormat(); !format.ok()) return format;
  return store;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenRocksDbStore(const RocksDbOptions& options) {
  absl::StatusOr<std::unique_ptr<Store>> store = Open(options);
  if (store.ok()) return store;
  return absl::Status(store.status().code(), absl::StrCat("store in ", options.folder, ": ",
                                                          std::string(store.status().message())));
}

}  // namespace tasker::storage
