// A RocksDB database with our tables in it, open as long as the object lives.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include <rocksdb/db.h>

#include "storage/rocksdb_store.h"
#include "storage/table.h"

namespace tasker::storage {

// Safe for concurrent use.
class RocksDbDatabase {
 public:
  // Opens the database of `options`, or makes an empty one. Errors: as OpenRocksDbStore's.
  static absl::StatusOr<std::unique_ptr<RocksDbDatabase>> Open(const RocksDbOptions& options);

  ~RocksDbDatabase();
  RocksDbDatabase(const RocksDbDatabase&) = delete;
  RocksDbDatabase& operator=(const RocksDbDatabase&) = delete;

  rocksdb::DB& db() { return *db_; }
  rocksdb::ColumnFamilyHandle* Family(Table table) {
    return families_[static_cast<std::size_t>(table)];
  }

  // How often the log was synced.
  std::uint64_t SyncCount() const;

 private:
  using Families = std::array<rocksdb::ColumnFamilyHandle*, kTableCount>;

  RocksDbDatabase(std::unique_ptr<rocksdb::Env> environment, std::unique_ptr<rocksdb::DB> db,
                  Families families, std::shared_ptr<rocksdb::Statistics> statistics)
      : environment_(std::move(environment)),
        db_(std::move(db)),
        families_(families),
        statistics_(std::move(statistics)) {}

  // Outlives the database.
  const std::unique_ptr<rocksdb::Env> environment_;
  const std::unique_ptr<rocksdb::DB> db_;
  const Families families_;
  const std::shared_ptr<rocksdb::Statistics> statistics_;
};

// What the files are read and written through.
std::unique_ptr<rocksdb::Env> EnvironmentOf(const RocksDbOptions& options);

}  // namespace tasker::storage
