#include "storage/migrations.h"

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "storage/keys.h"
#include "storage/rocksdb_snapshot.h"
#include "storage/rocksdb_status.h"
#include "tasker/storage/v1/records.pb.h"

namespace tasker::storage {
namespace {

// Rows written at a time: enough to be fast, little enough for memory.
constexpr int kRowsPerWrite = 1000;

rocksdb::Slice ToSlice(std::string_view text) { return {text.data(), text.size()}; }

rocksdb::WriteOptions Synced() {
  rocksdb::WriteOptions options;
  options.sync = true;
  return options;
}

absl::Status WriteFormat(RocksDbDatabase& database, std::uint32_t format) {
  return ToAbsl(database.db().Put(Synced(), database.Family(Table::kPartitions),
                                  ToSlice(kFormatKey), absl::StrCat(format)));
}

// Format 1 had one partition, and no list of what has finished.
absl::Status ListFinishedTasks(RocksDbDatabase& database) {
  constexpr PartitionId kOnlyPartition{0};
  const auto new_iterator = [&](Table table) {
    return std::unique_ptr<rocksdb::Iterator>(
        database.db().NewIterator(rocksdb::ReadOptions(), database.Family(table)));
  };
  const auto tasks = new_iterator(Table::kTasks);
  rocksdb::WriteBatch rows;
  const auto write = [&] {
    const rocksdb::Status written = database.db().Write(rocksdb::WriteOptions(), &rows);
    rows.Clear();
    return ToAbsl(written);
  };
  for (tasks->SeekToFirst(); tasks->Valid(); tasks->Next()) {
    const std::string_view key(tasks->key().data(), tasks->key().size());
    const auto open = ReadValue(database, nullptr, Table::kOpen, key);
    if (!open.ok()) return open.status();
    if (open->has_value()) continue;
    const std::optional<std::string_view> id = TaskIdIn(key);
    v1::TaskRecord task;
    if (!id ||
        !task.ParseFromArray(tasks->value().data(), static_cast<int>(tasks->value().size()))) {
      return absl::DataLossError("a row of the table `tasks` cannot be read");
    }
    v1::FinishedRecord finished;
    finished.set_namespace_(task.namespace_());
    finished.set_name(task.name());
    const rocksdb::Status added = rows.Put(database.Family(Table::kFinished),
                                           FinishedKey(kOnlyPartition, task.completed_at_us(), *id),
                                           finished.SerializeAsString());
    if (!added.ok()) return ToAbsl(added);
    if (rows.Count() < kRowsPerWrite) continue;
    if (absl::Status written = write(); !written.ok()) return written;
  }
  if (!tasks->status().ok()) return ToAbsl(tasks->status());
  return write();
}

}  // namespace

absl::Status BringUpToDate(RocksDbDatabase& database,
                           const std::function<void(const std::string&)>& log) {
  const auto found = ReadValue(database, nullptr, Table::kPartitions, kFormatKey);
  if (!found.ok()) return found.status();
  if (!found->has_value()) return WriteFormat(database, kFormatVersion);
  std::uint32_t format = 0;
  if (!absl::SimpleAtoi(**found, &format) || format == 0 || format > kFormatVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("the store has format ", **found, ", this program knows 1 to ", kFormatVersion,
                     "; use the version that wrote it, or a newer one"));
  }
  if (format == kFormatVersion) return absl::OkStatus();
  if (absl::Status listed = ListFinishedTasks(database); !listed.ok()) return listed;
  if (absl::Status written = WriteFormat(database, kFormatVersion); !written.ok()) return written;
  if (log) {
    log(absl::StrCat("the store was brought from format ", format, " to ", kFormatVersion,
                     "; earlier versions of this program cannot open it any more"));
  }
  return absl::OkStatus();
}

}  // namespace tasker::storage
