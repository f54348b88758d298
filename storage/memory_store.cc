#include "storage/memory_store.h"

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

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

// A checkpoint is one file of rows: table, size and bytes of key, size and bytes of value.
std::string CheckpointFile(const std::string& folder) { return folder + "/rows"; }

void WriteSized(std::ostream& out, std::string_view bytes) {
  const std::size_t size = bytes.size();
  out.write(reinterpret_cast<const char*>(&size), sizeof size);
  out.write(bytes.data(), static_cast<std::streamsize>(size));
}

std::string ReadSized(std::istream& in) {
  std::size_t size = 0;
  in.read(reinterpret_cast<char*>(&size), sizeof size);
  std::string bytes(in ? size : 0, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return bytes;
}

}  // namespace

absl::StatusOr<std::unique_ptr<MemoryStore>> MemoryStore::Open(const std::string& folder) {
  std::ifstream in(CheckpointFile(folder), std::ios::binary);
  if (!in) return absl::NotFoundError(absl::StrCat("no checkpoint in ", folder));
  auto store = std::make_unique<MemoryStore>();
  absl::MutexLock lock(&store->mutex_);
  for (int table = in.get(); in; table = in.get()) {
    std::string key = ReadSized(in);
    store->tables_[static_cast<std::size_t>(table)][std::move(key)] = ReadSized(in);
  }
  return store;
}

absl::Status MemoryStore::CheckpointTo(const std::string& folder) {
  std::error_code error;
  if (!std::filesystem::create_directories(folder, error)) {
    return absl::UnavailableError(absl::StrCat(folder, " exists, or cannot be made"));
  }
  std::ofstream out(CheckpointFile(folder), std::ios::binary);
  absl::MutexLock lock(&mutex_);
  for (std::size_t table = 0; table < kTableCount; ++table) {
    for (const auto& [key, value] : tables_[table]) {
      out.put(static_cast<char>(table));
      WriteSized(out, key);
      WriteSized(out, value);
    }
  }
  out.close();
  return out ? absl::OkStatus() : absl::UnavailableError(absl::StrCat("cannot write to ", folder));
}

absl::StatusOr<std::uint32_t> MemoryStore::AddBackup(const std::string&) {
  return absl::UnimplementedError("what is only in memory has no backups; take a checkpoint");
}

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
    switch (change.kind) {
      case Batch::Kind::kPut:
        rows.insert_or_assign(std::string(change.key), std::string(change.value));
        break;
      case Batch::Kind::kDelete:
        if (const auto found = rows.find(change.key); found != rows.end()) rows.erase(found);
        break;
      case Batch::Kind::kDeleteRange:
        rows.erase(rows.lower_bound(change.key), rows.lower_bound(change.value));
        break;
    }
  }
  tables_[static_cast<std::size_t>(Table::kPartitions)].insert_or_assign(PartitionKey(partition),
                                                                         state.Encode());
  ++syncs_;
}

}  // namespace tasker::storage
