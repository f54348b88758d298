#include "service/events/subscriptions/event_counts.h"

#include <algorithm>
#include <utility>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include "storage/keys.h"
#include "tasker/storage/v1/records.pb.h"

namespace tasker::service {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

// How many commits are looked at in one go.
constexpr std::uint64_t kCommitsPerScan = 4096;

// How many events a stored EventBatchRecord has, without reading them.
std::uint64_t EventsIn(std::string_view row) {
  CodedInputStream input(reinterpret_cast<const std::uint8_t*>(row.data()),
                         static_cast<int>(row.size()));
  std::uint64_t events = 0;
  while (const std::uint32_t tag = input.ReadTag()) {
    if (WireFormatLite::GetTagFieldNumber(tag) ==
        storage::v1::EventBatchRecord::kEventsFieldNumber) {
      ++events;
    }
    // What cannot be read is told by whoever reads it.
    if (!WireFormatLite::SkipField(&input, tag)) break;
  }
  return events;
}

}  // namespace

EventCounts::EventCounts(const EventLog* log, storage::Store* store, storage::Sequence newest)
    : log_(*log), store_(*store), newest_(newest), from_(newest) {}

void EventCounts::Add(storage::Sequence sequence, std::uint64_t events) {
  absl::MutexLock lock(&mutex_);
  newest_ = sequence;
  if (!asked_) {
    from_ = sequence;
    return;
  }
  const std::uint64_t until = (commits_.empty() ? before_ : commits_.back().until) + events;
  commits_.push_back({sequence, until});
  while (commits_.size() > 1 && until - commits_.front().until >= kEventsMax) DropFirst();
}

void EventCounts::DropFirst() {
  from_ = commits_.front().sequence;
  before_ = commits_.front().until;
  commits_.pop_front();
}

void EventCounts::StartAnew(storage::Sequence newest) {
  absl::MutexLock one_at_a_time(&extend_mutex_);
  absl::MutexLock lock(&mutex_);
  commits_.clear();
  newest_ = from_ = newest;
}

void EventCounts::Forget(const std::optional<EventCursor>& lowest) {
  absl::MutexLock one_at_a_time(&extend_mutex_);
  absl::MutexLock lock(&mutex_);
  if (!lowest) {
    asked_ = false;
    commits_.clear();
    from_ = newest_;
    return;
  }
  while (!commits_.empty() && commits_.front().sequence < lowest->sequence) DropFirst();
}

absl::StatusOr<std::deque<EventCounts::Commit>> EventCounts::Scan(storage::Sequence after,
                                                                  storage::Sequence up_to) const {
  std::deque<Commit> commits;
  const auto snapshot = store_.TakeSnapshot();
  const auto rows = snapshot->Scan(storage::Table::kEvents,
                                   storage::EventKey(log_.partition(), storage::Next(after)),
                                   storage::EventKey(log_.partition(), storage::Next(up_to)));
  for (; rows->Valid(); rows->Next()) {
    const std::optional<storage::Sequence> sequence = storage::EventSequenceIn(rows->key());
    if (sequence) commits.push_back({*sequence, EventsIn(rows->value())});
  }
  if (absl::Status read = rows->status(); !read.ok()) return read;
  return commits;
}

absl::Status EventCounts::Extend(const EventCursor& cursor) {
  // The commit that the cursor stands in counts too.
  const std::uint64_t needed = Raw(cursor.sequence) == 0 ? 0 : Raw(cursor.sequence) - 1;
  while (true) {
    std::uint64_t up_to = 0;
    {
      absl::MutexLock lock(&mutex_);
      asked_ = true;
      const std::uint64_t counted = commits_.empty() ? 0 : commits_.back().until - before_;
      if (Raw(from_) <= needed || counted >= kEventsMax) return absl::OkStatus();
      up_to = Raw(from_);
    }
    const std::uint64_t after =
        std::max(needed, up_to > kCommitsPerScan ? up_to - kCommitsPerScan : 0);
    absl::StatusOr<std::deque<Commit>> older =
        Scan(storage::Sequence{after}, storage::Sequence{up_to});
    if (!older.ok()) return older.status();
    absl::MutexLock lock(&mutex_);
    // Add may have dropped what stood first meanwhile: then there are enough.
    if (Raw(from_) != up_to) return absl::OkStatus();
    for (auto commit = older->rbegin(); commit != older->rend(); ++commit) {
      commits_.push_front({commit->sequence, before_});
      before_ -= commit->until;
    }
    from_ = storage::Sequence{after};
  }
}

std::uint64_t EventCounts::BehindInMemory(const EventCursor& cursor) const {
  absl::MutexLock lock(&mutex_);
  if (commits_.empty()) return 0;
  const auto next = std::ranges::upper_bound(commits_, cursor.sequence, {}, &Commit::sequence);
  std::uint64_t passed = next == commits_.begin() ? before_ : std::prev(next)->until;
  if (next != commits_.begin() && std::prev(next)->sequence == cursor.sequence &&
      cursor.index != EventCursor::kWholeCommit) {
    const auto commit = std::prev(next);
    const std::uint64_t start = commit == commits_.begin() ? before_ : std::prev(commit)->until;
    passed = std::min(commit->until, start + cursor.index + 1);
  }
  return std::min(kEventsMax, commits_.back().until - passed);
}

absl::StatusOr<EventCounts::Behind> EventCounts::CountBehind(const EventCursor& cursor) {
  absl::MutexLock one_at_a_time(&extend_mutex_);
  if (absl::Status extended = Extend(cursor); !extended.ok()) return extended;
  Behind behind;
  behind.events = BehindInMemory(cursor);
  if (behind.events == 0) return behind;
  const absl::Status read =
      log_.Read(cursor, [&](storage::Sequence sequence, const EventBatchPtr& events) {
        int i = sequence == cursor.sequence && cursor.index != EventCursor::kWholeCommit
                    ? static_cast<int>(cursor.index) + 1
                    : 0;
        for (; i < events->events_size() && !behind.first_at_us; ++i) {
          // Retention leaves nothing but the place.
          if (!events->events(i).name().empty()) behind.first_at_us = events->events(i).at_us();
        }
        return !behind.first_at_us;
      });
  if (!read.ok()) return read;
  return behind;
}

}  // namespace tasker::service
