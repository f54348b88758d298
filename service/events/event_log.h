// The event log as subscribers read it: the newest commits from memory, the rest from the store.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "engine/model/time.h"
#include "service/events/event_cursor.h"
#include "service/events/event_filter.h"
#include "service/pipeline/committed.h"
#include "storage/store.h"

namespace tasker::service {

// One partition's log. Safe for concurrent use.
class EventLog {
 public:
  // `newest`: the partition's last commit when the log is made. `store` must outlive it.
  EventLog(storage::Store* store, storage::PartitionId partition, storage::Sequence newest);

  // Adds the events of a commit that is durable, serialised before. Commits come in order; those
  // without events are left out.
  void Append(storage::Sequence sequence, EventBatchPtr events);

  // The store may hold commits up to `newest` that were never appended: forgets what it has in
  // memory.
  void StartAnew(storage::Sequence newest);

  // Retention has removed events: `floors` take the place of those before.
  void SetFloors(storage::v1::EventFloorsRecord floors);
  storage::v1::EventFloorsRecord floors() const;
  // Raised whenever floors are set.
  std::uint64_t floors_version() const { return floors_version_.load(std::memory_order_acquire); }

  // The newest commit of which an event was removed that `filter` could match; 0: none was.
  storage::Sequence FloorFor(const EventFilter& filter) const;

  // When the newest event that was removed and that `filter` could match happened; long ago if none
  // was, and in the far future if that was not written down.
  engine::Timestamp FloorTimeFor(const EventFilter& filter) const;

  // What to answer to one who asks for events behind a cursor before that: OUT_OF_RANGE, with the
  // earliest cursor there is.
  absl::Status PastRetention(const EventFilter& filter) const;

  // Behind the newest event.
  EventCursor End() const;

  // Calls `visit` with the commits that hold events behind `after`, in order, until it returns
  // false or there are no more. Error: what the store answers, DATA_LOSS for a row that cannot be
  // read.
  absl::Status Read(
      const EventCursor& after,
      const std::function<bool(storage::Sequence, const EventBatchPtr&)>& visit) const;

  storage::PartitionId partition() const { return partition_; }

 private:
  struct Recent {
    storage::Sequence sequence;
    EventBatchPtr events;
  };

  // Takes the recent commits from the one that may hold something behind `after`; false: the log
  // in memory does not reach back that far.
  bool TakeRecent(const EventCursor& after, std::deque<Recent>& recent) const;

  storage::Store& store_;
  const storage::PartitionId partition_;
  std::atomic<std::uint64_t> floors_version_{0};

  mutable absl::Mutex mutex_;
  storage::v1::EventFloorsRecord floors_ ABSL_GUARDED_BY(mutex_);
  std::deque<Recent> recent_ ABSL_GUARDED_BY(mutex_);
  std::size_t recent_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  storage::Sequence newest_ ABSL_GUARDED_BY(mutex_);
  // Everything behind this commit is in recent_.
  storage::Sequence recent_after_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tasker::service
