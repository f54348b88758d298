// How many events lie behind a place in the log.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "service/events/event_cursor.h"
#include "service/events/event_log.h"
#include "storage/store.h"

namespace tasker::service {

// Counts commits' events as they come, and in the store only what came before; nothing at all until
// someone asks. Keeps a number a commit, for as many as are asked about. Safe for concurrent use.
class EventCounts {
 public:
  // Nothing is counted beyond that.
  static constexpr std::uint64_t kEventsMax = 1'000'000;

  struct Behind {
    // At most kEventsMax. Those that retention has emptied count as well.
    std::uint64_t events = 0;
    // Microseconds since the epoch: when the first of them happened; nullopt: there is none.
    std::optional<std::int64_t> first_at_us;
  };

  // `newest`: the last commit before the first that is added. The others must outlive it.
  EventCounts(const EventLog* log, storage::Store* store, storage::Sequence newest);

  // Told of each commit with events, in order, before others can see it.
  void Add(storage::Sequence sequence, std::uint64_t events);
  // The store may hold commits up to `newest` that were never added.
  void StartAnew(storage::Sequence newest);

  // What lies behind `cursor`. May read the store. Errors: what the store answers.
  absl::StatusOr<Behind> CountBehind(const EventCursor& cursor);

  // Nobody will ask about what lies before `lowest`; nullopt: nobody will ask.
  void Forget(const std::optional<EventCursor>& lowest);

 private:
  struct Commit {
    storage::Sequence sequence;
    // Events of all commits up to this one, from some beginning on.
    std::uint64_t until;
  };

  // Counts in the store, backwards, what `cursor` needs.
  absl::Status Extend(const EventCursor& cursor);
  // The commits with events in (after, up_to], and how many each has.
  absl::StatusOr<std::deque<Commit>> Scan(storage::Sequence after, storage::Sequence up_to) const;
  std::uint64_t BehindInMemory(const EventCursor& cursor) const;
  void DropFirst() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const EventLog& log_;
  storage::Store& store_;

  // Held by one who reads the store or drops what was counted; never by Add.
  absl::Mutex extend_mutex_ ABSL_ACQUIRED_BEFORE(mutex_);
  mutable absl::Mutex mutex_;
  bool asked_ ABSL_GUARDED_BY(mutex_) = false;
  storage::Sequence newest_ ABSL_GUARDED_BY(mutex_);
  // Every commit with events behind this one is in commits_.
  storage::Sequence from_ ABSL_GUARDED_BY(mutex_);
  std::deque<Commit> commits_ ABSL_GUARDED_BY(mutex_);
  // `until` of the commit before the first of commits_. Half of the numbers, so that there is room
  // to count backwards.
  std::uint64_t before_ ABSL_GUARDED_BY(mutex_) = std::uint64_t{1} << 63;
};

}  // namespace tasker::service
