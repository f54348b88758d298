#include "service/events/task_snapshot.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "engine/states/task_machine.h"
#include "storage/keys.h"
#include "tasker/storage/v1/records.pb.h"

namespace tasker::service {
namespace {

using storage::Table;

constexpr int kTasksPerPageMax = 100;
constexpr std::size_t kBytesPerPageMax = 256u << 10;
// Tasks that one page looks at, so that a filter that matches few of millions holds up nobody.
constexpr int kLookedAtMax = 1000;

bool IsFull(const v1::SubscribeResponse& page) {
  return page.tasks_size() >= kTasksPerPageMax || page.ByteSizeLong() >= kBytesPerPageMax;
}

// The commit as of which the snapshot is.
absl::StatusOr<storage::Sequence> CommitOf(storage::Snapshot& snapshot,
                                           storage::PartitionId partition) {
  const auto value = snapshot.Get(Table::kPartitions, storage::PartitionKey(partition));
  if (!value.ok()) return value.status();
  storage::v1::PartitionRecord record;
  if (!value->has_value() || !record.ParseFromString(**value)) {
    return absl::DataLossError("the partition's record cannot be read");
  }
  return storage::Sequence{record.sequence()};
}

}  // namespace

absl::StatusOr<v1::SubscribeResponse> TaskSnapshot::NextPage() {
  v1::SubscribeResponse page;
  const std::unique_ptr<storage::Snapshot> snapshot = source_.store->TakeSnapshot();
  const absl::StatusOr<storage::Sequence> commit = CommitOf(*snapshot, start_.partition);
  if (!commit.ok()) return commit.status();
  const absl::Status read =
      filter_.task_ids().empty() ? ReadCreated(*snapshot, page) : ReadNamed(*snapshot, page);
  if (!read.ok()) return read;
  page.set_cursor(start_.ToString());
  page.mutable_snapshot_position()->set_partition(Raw(start_.partition));
  page.mutable_snapshot_position()->set_sequence(Raw(*commit));
  page.set_snapshot_complete(complete_);
  return page;
}

absl::Status TaskSnapshot::ReadCreated(storage::Snapshot& snapshot, v1::SubscribeResponse& page) {
  const std::string all = storage::PartitionKey(start_.partition);
  const std::string first = last_key_.empty() ? all : last_key_ + '\0';
  const auto rows = snapshot.Scan(Table::kCreated, first, storage::KeyAfter(all));
  for (int looked_at = 0; rows->Valid(); rows->Next(), ++looked_at) {
    if (IsFull(page) || looked_at == kLookedAtMax) return absl::OkStatus();
    last_key_ = std::string(rows->key());
    const std::optional<std::string_view> bytes = storage::CreatedTaskIdIn(rows->key());
    const auto id = bytes ? engine::TaskId::FromBytes(*bytes) : std::nullopt;
    if (!id) return absl::DataLossError("a key in the table `created` cannot be read");
    if (absl::Status read = AddIfWanted(snapshot, *id, page); !read.ok()) return read;
  }
  complete_ = rows->status().ok();
  return rows->status();
}

absl::Status TaskSnapshot::ReadNamed(storage::Snapshot& snapshot, v1::SubscribeResponse& page) {
  if (!std::exchange(found_, true)) {
    if (absl::Status found = FindNamed(snapshot); !found.ok()) return found;
  }
  for (; !named_.empty() && !IsFull(page); named_.pop_back()) {
    if (absl::Status read = AddIfWanted(snapshot, named_.back(), page); !read.ok()) return read;
  }
  complete_ = named_.empty();
  return absl::OkStatus();
}

absl::Status TaskSnapshot::AddIfWanted(storage::Snapshot& snapshot, const engine::TaskId& id,
                                       v1::SubscribeResponse& page) {
  absl::StatusOr<std::optional<v1::Task>> task =
      source_.tasks->ReadListed(snapshot, id, [&](const storage::v1::TaskRecord& record) {
        const auto state = static_cast<engine::TaskState>(record.state());
        return (!open_only_ || engine::IsOpen(state)) && filter_.MatchesTask(id.bytes(), record);
      });
  if (!task.ok()) return task.status();
  if (*task) *page.add_tasks() = **std::move(task);
  return absl::OkStatus();
}

absl::Status TaskSnapshot::FindNamed(storage::Snapshot& snapshot) {
  std::vector<std::pair<std::int64_t, engine::TaskId>> found;
  for (const std::string& bytes : filter_.task_ids()) {
    const auto value = snapshot.Get(Table::kTasks, storage::TaskKey(bytes));
    if (!value.ok()) return value.status();
    storage::v1::TaskRecord record;
    if (!value->has_value()) continue;
    if (!record.ParseFromString(**value)) return absl::DataLossError("a task cannot be read");
    found.emplace_back(record.created_at_us(), *engine::TaskId::FromBytes(bytes));
  }
  std::ranges::sort(found);
  for (const auto& [created_at_us, id] : found) named_.push_back(id);
  return absl::OkStatus();
}

}  // namespace tasker::service
