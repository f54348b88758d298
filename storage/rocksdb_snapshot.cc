#include "storage/rocksdb_snapshot.h"

#include <utility>

#include "storage/rocksdb_status.h"

namespace tasker::storage {
namespace {

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

class NoRows final : public Snapshot::Cursor {
 public:
  explicit NoRows(absl::Status why) : why_(std::move(why)) {}

  bool Valid() const override { return false; }
  void Next() override {}
  std::string_view key() const override { return {}; }
  std::string_view value() const override { return {}; }
  absl::Status status() const override { return why_; }

 private:
  const absl::Status why_;
};

class NoSnapshot final : public Snapshot {
 public:
  explicit NoSnapshot(absl::Status why) : why_(std::move(why)) {}

  absl::StatusOr<std::optional<std::string>> Get(Table, std::string_view) override { return why_; }
  std::unique_ptr<Cursor> Scan(Table, std::string_view, std::string_view) override {
    return std::make_unique<NoRows>(why_);
  }

 private:
  const absl::Status why_;
};

}  // namespace

absl::StatusOr<std::optional<std::string>> ReadValue(RocksDbDatabase& database,
                                                     const rocksdb::Snapshot* snapshot, Table table,
                                                     std::string_view key) {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  std::string value;
  const rocksdb::Status status =
      database.db().Get(options, database.Family(table), ToSlice(key), &value);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return ToAbsl(status);
  return std::optional(std::move(value));
}

absl::StatusOr<std::optional<std::string>> RocksDbSnapshot::Get(Table table, std::string_view key) {
  return ReadValue(*database_, snapshot_, table, key);
}

std::unique_ptr<Snapshot::Cursor> RocksDbSnapshot::Scan(Table table, std::string_view begin,
                                                        std::string_view end) {
  return std::make_unique<RocksDbCursor>(database_->db(), database_->Family(table), snapshot_,
                                         begin, end);
}

std::unique_ptr<Snapshot> FailedSnapshot(absl::Status why) {
  return std::make_unique<NoSnapshot>(std::move(why));
}

}  // namespace tasker::storage
