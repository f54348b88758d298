#include "storage/rocksdb_database.h"

#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/statistics.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

#include "storage/keys.h"
#include "storage/log_file_system.h"
#include "storage/rocksdb_logger.h"
#include "storage/rocksdb_status.h"

namespace tasker::storage {
namespace {

// Whether single rows are looked for that may not be there. The other tables are read by ranges,
// and to make filters for those would take time of each flush and compaction for nothing.
bool IsReadByKey(Table table) {
  return table == Table::kPartitions || table == Table::kTasks || table == Table::kContexts ||
         table == Table::kTemplates;
}

rocksdb::ColumnFamilyOptions FamilyOptions(Table table, const RocksDbOptions& options,
                                           const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions blocks;
  blocks.block_cache = cache;
  // In pieces: whole, those of one large file would fill the cache, and each read of a store of a
  // million tasks would load them anew.
  blocks.cache_index_and_filter_blocks = true;
  blocks.pin_l0_filter_and_index_blocks_in_cache = true;
  if (IsReadByKey(table)) blocks.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  blocks.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  blocks.partition_filters = true;
  rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(blocks));
  family.compression = rocksdb::kLZ4Compression;
  family.write_buffer_size = options.memory_bytes / 4;
  family.enable_blob_files = table == Table::kContexts || table == Table::kSteps;
  family.min_blob_size = options.blob_bytes_min;
  if (table == Table::kSteps || table == Table::kHistory) {
    // A task's rows come one after the other over a while: each is inserted from where the last of
    // its task was, and not searched for among all.
    family.memtable_insert_with_hint_prefix_extractor.reset(
        rocksdb::NewFixedPrefixTransform(kTaskKeySize));
  }
  family.blob_compression_type = rocksdb::kLZ4Compression;
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
  // Whoever inserts by hints must be alone; each partition has one thread that writes.
  database.allow_concurrent_memtable_write = false;
  database.statistics = rocksdb::CreateDBStatistics();
  database.statistics->set_stats_level(rocksdb::StatsLevel::kExceptHistogramOrTimers);
  // Drops only what was never synced, so never what was acknowledged.
  database.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  database.max_total_wal_size = 4 * options.memory_bytes;
  database.info_log = MakeRocksDbLogger(options.log_warning);
  return database;
}

}  // namespace

absl::StatusOr<std::unique_ptr<RocksDbDatabase>> RocksDbDatabase::Open(
    const RocksDbOptions& options) {
  std::error_code made;
  std::filesystem::create_directories(options.folder, made);
  if (made) return absl::UnavailableError(absl::StrCat("cannot be made: ", made.message()));

  // Few parts, each large beside what it holds: few threads read at a time.
  constexpr int kCachePartBits = 2;
  const std::shared_ptr<rocksdb::Cache> cache =
      rocksdb::NewLRUCache(options.memory_bytes, kCachePartBits);
  std::unique_ptr<rocksdb::Env> environment = EnvironmentOf(options);
  rocksdb::DBOptions database = DatabaseOptions(options, cache);
  database.env = environment.get();
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
  Families families{};
  for (std::size_t i = 0; i < kTableCount; ++i) families[i] = handles[i + 1];
  return std::unique_ptr<RocksDbDatabase>(
      new RocksDbDatabase(std::move(environment), std::move(db), families, database.statistics));
}

RocksDbDatabase::~RocksDbDatabase() {
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    db_->DestroyColumnFamilyHandle(family).PermitUncheckedError();
  }
  db_->Close().PermitUncheckedError();
}

std::uint64_t RocksDbDatabase::SyncCount() const {
  return statistics_->getTickerCount(rocksdb::WAL_FILE_SYNCED);
}

std::unique_ptr<rocksdb::Env> EnvironmentOf(const RocksDbOptions& options) {
  return rocksdb::NewCompositeEnv(std::make_shared<LogFileSystem>(
      options.file_system != nullptr ? options.file_system : rocksdb::FileSystem::Default()));
}

}  // namespace tasker::storage
