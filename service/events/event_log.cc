#include "service/events/event_log.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "engine/tasks/record_codec.h"
#include "storage/keys.h"

namespace tasker::service {
namespace {

// Enough for subscribers that keep up; the others read from the store.
constexpr std::size_t kRecentBytesMax = 2u << 20;
// A reader comes back for more; taking them all each time would cost more than it saves.
constexpr std::size_t kRecentTakenMax = 64;

// Whether the commit `sequence` may hold events behind `after`.
bool MayHoldMore(storage::Sequence sequence, const EventCursor& after) {
  return after.index == EventCursor::kWholeCommit ? sequence > after.sequence
                                                  : sequence >= after.sequence;
}

}  // namespace

EventLog::EventLog(storage::Store* store, storage::PartitionId partition, storage::Sequence newest)
    : store_(*store), partition_(partition), newest_(newest), recent_after_(newest) {}

void EventLog::Append(storage::Sequence sequence, EventBatchPtr events) {
  absl::MutexLock lock(&mutex_);
  newest_ = sequence;
  recent_bytes_ += static_cast<std::size_t>(events->GetCachedSize());
  recent_.push_back({sequence, std::move(events)});
  while (recent_bytes_ > kRecentBytesMax && recent_.size() > 1) {
    recent_bytes_ -= static_cast<std::size_t>(recent_.front().events->GetCachedSize());
    recent_after_ = recent_.front().sequence;
    recent_.pop_front();
  }
}

void EventLog::StartAnew(storage::Sequence newest) {
  absl::MutexLock lock(&mutex_);
  recent_.clear();
  recent_bytes_ = 0;
  recent_after_ = newest_ = newest;
}

void EventLog::SetFloors(storage::v1::EventFloorsRecord floors) {
  absl::MutexLock lock(&mutex_);
  floors_ = std::move(floors);
  floors_version_.fetch_add(1, std::memory_order_release);
}

storage::v1::EventFloorsRecord EventLog::floors() const {
  absl::MutexLock lock(&mutex_);
  return floors_;
}

storage::Sequence EventLog::FloorFor(const EventFilter& filter) const {
  absl::MutexLock lock(&mutex_);
  std::uint64_t highest = 0;
  for (const storage::v1::EventFloorRecord& floor : floors_.floors()) {
    if (!filter.MayMatch(floor.namespace_(), floor.template_name())) continue;
    highest = std::max(highest, floor.sequence());
  }
  return storage::Sequence{highest};
}

engine::Timestamp EventLog::FloorTimeFor(const EventFilter& filter) const {
  absl::MutexLock lock(&mutex_);
  engine::Timestamp newest = engine::Timestamp::min();
  for (const storage::v1::EventFloorRecord& floor : floors_.floors()) {
    if (floor.sequence() == 0 || !filter.MayMatch(floor.namespace_(), floor.template_name())) {
      continue;
    }
    if (floor.at_us() == 0) return engine::Timestamp::max();
    newest = std::max(newest, engine::FromMicros(floor.at_us()));
  }
  return newest;
}

absl::Status EventLog::PastRetention(const EventFilter& filter) const {
  const EventCursor earliest{partition_, FloorFor(filter), EventCursor::kWholeCommit};
  return absl::OutOfRangeError(
      absl::StrCat("events behind that start were removed by retention; the earliest cursor is ",
                   earliest.ToString()));
}

EventCursor EventLog::End() const {
  absl::MutexLock lock(&mutex_);
  return {partition_, newest_, EventCursor::kWholeCommit};
}

bool EventLog::TakeRecent(const EventCursor& after, std::deque<Recent>& recent) const {
  absl::MutexLock lock(&mutex_);
  if (MayHoldMore(recent_after_, after)) return false;
  auto next = std::ranges::partition_point(
      recent_, [&](const Recent& commit) { return !MayHoldMore(commit.sequence, after); });
  while (next != recent_.end() && recent.size() < kRecentTakenMax) recent.push_back(*next++);
  return true;
}

absl::Status EventLog::Read(
    const EventCursor& after,
    const std::function<bool(storage::Sequence, const EventBatchPtr&)>& visit) const {
  EventCursor reached = after;
  for (std::deque<Recent> recent; TakeRecent(reached, recent); recent.clear()) {
    if (recent.empty()) return absl::OkStatus();
    for (const Recent& commit : recent) {
      if (!visit(commit.sequence, commit.events)) return absl::OkStatus();
    }
    reached = {partition_, recent.back().sequence, EventCursor::kWholeCommit};
  }
  const storage::Sequence first = reached.index == EventCursor::kWholeCommit
                                      ? storage::Next(reached.sequence)
                                      : reached.sequence;
  const auto snapshot = store_.TakeSnapshot();
  const auto rows = snapshot->Scan(storage::Table::kEvents, storage::EventKey(partition_, first),
                                   storage::KeyAfter(storage::PartitionKey(partition_)));
  for (; rows->Valid(); rows->Next()) {
    const std::optional<storage::Sequence> sequence = storage::EventSequenceIn(rows->key());
    auto events = std::make_shared<storage::v1::EventBatchRecord>();
    const std::string_view value = rows->value();
    if (!sequence || !events->ParseFromArray(value.data(), static_cast<int>(value.size()))) {
      return absl::DataLossError("a row of the event log cannot be read");
    }
    if (!visit(*sequence, events)) return absl::OkStatus();
  }
  return rows->status();
}

}  // namespace tasker::service
