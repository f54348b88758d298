// A view of a RocksDB database.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "storage/rocksdb_database.h"
#include "storage/store.h"

namespace tasker::storage {

// Keeps its database open as long as it lives.
class RocksDbSnapshot final : public Snapshot {
 public:
  explicit RocksDbSnapshot(std::shared_ptr<RocksDbDatabase> database)
      : database_(std::move(database)), snapshot_(database_->db().GetSnapshot()) {}
  ~RocksDbSnapshot() override { database_->db().ReleaseSnapshot(snapshot_); }

  absl::StatusOr<std::optional<std::string>> Get(Table table, std::string_view key) override;
  std::unique_ptr<Cursor> Scan(Table table, std::string_view begin, std::string_view end) override;

 private:
  const std::shared_ptr<RocksDbDatabase> database_;
  const rocksdb::Snapshot* const snapshot_;
};

// The value under `key` in `snapshot`, null for the newest; nullopt if there is none.
absl::StatusOr<std::optional<std::string>> ReadValue(RocksDbDatabase& database,
                                                     const rocksdb::Snapshot* snapshot, Table table,
                                                     std::string_view key);

// A view of nothing but an error, which every read answers.
std::unique_ptr<Snapshot> FailedSnapshot(absl::Status why);

}  // namespace tasker::storage
