// Who has which events of a named subscription, and up to where all of them are dealt with.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/node_hash_map.h"
#include "absl/status/status.h"

#include "service/events/event_cursor.h"
#include "tasker/v1/event_service.pb.h"

namespace tasker::service {

// Shares events among consumers by task, and holds each until it is acknowledged. Has no clock and
// no lock: one owner.
//
// Each task (events of no task count as one) belongs to the consumer that holds events of it, until
// those are acknowledged or given back; so the order within it is kept. Then, and at first, it goes
// to the one that may take most events; but for what was given back, in the order of the log.
// `mark()` is the place up to which everything is acknowledged; it never goes back. What was
// acknowledged beyond it is kept in mind, as long as this lives, and does not come again.
class EventSharing {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // Names a consumer; never used twice.
  enum class ConsumerNumber : std::uint64_t { kNone = 0 };

  // What a response takes at most.
  struct Portion {
    std::size_t events_max;
    std::size_t bytes_max;
  };

  explicit EventSharing(const EventCursor& mark) : mark_(mark), reached_(mark) {}

  void AddConsumer(ConsumerNumber number, std::uint32_t unacknowledged_max);
  // What it held goes to others, in its place. With the last consumer all events are put down: then
  // they are to be added again from `mark()` on.
  void RemoveConsumer(ConsumerNumber number);

  // Takes an event. Called in the order of the log; what was acknowledged is passed over.
  void Add(const EventCursor& cursor, v1::Event event);
  // The log was read up to here.
  void PassOver(const EventCursor& reached);
  // Whether another batch of events may be added: false while consumers hold all that they may, or
  // too much is at hand.
  bool HasRoom() const;

  // Fills `response` with what the consumer may be sent now: `events`, `cursor` of the last one,
  // and `redelivered`. Events up to `doubted` may have been sent before this was made. False:
  // nothing.
  bool TakeFor(ConsumerNumber number, const Portion& portion, const EventCursor& doubted, Time now,
               v1::SubscribeResponse& response);

  // Acknowledges what the consumer was sent up to the event at `cursor`, in the order it was sent.
  // Nothing changes if that was acknowledged already. Error: INVALID_ARGUMENT: it was not sent
  // that.
  absl::Status Acknowledge(ConsumerNumber number, const EventCursor& cursor, Time now);
  // Acknowledges all events up to `cursor`, whoever has them. The consumers' own counts include it.
  void AcknowledgeUpTo(const EventCursor& cursor, Time now);

  // Since when the consumer has held events without acknowledging any; nullopt: it holds none.
  std::optional<Time> IdleSince(ConsumerNumber number);
  // Whether someone else could take events.
  bool OthersHaveRoom(ConsumerNumber number) const;

  // Where the last event stands that the consumer was sent and still holds; nullopt: it holds none.
  std::optional<EventCursor> LastHeld(ConsumerNumber number) const;

  const EventCursor& mark() const { return mark_; }
  // The furthest event that was sent.
  const std::optional<EventCursor>& sent_up_to() const { return sent_up_to_; }

  // Sent and not acknowledged.
  std::uint64_t unacknowledged() const { return unacknowledged_; }
  std::uint64_t acknowledged() const { return acknowledged_; }
  std::uint64_t redelivered() const { return redelivered_; }
  std::uint64_t unacknowledged(ConsumerNumber number) const;
  std::uint64_t acknowledged(ConsumerNumber number) const;
  // Events in memory, and their bytes.
  std::size_t at_hand() const { return at_hand_; }
  std::size_t bytes() const { return bytes_; }

 private:
  // Counts events since this was made.
  using Index = std::uint64_t;

  struct Task {
    std::string id;
    ConsumerNumber owner = ConsumerNumber::kNone;
    // Events that are not acknowledged; those of them that its owner has.
    std::size_t open = 0;
    std::size_t held = 0;
    // The others, in the order of the log; some may be acknowledged by now.
    std::deque<Index> waiting;
    // Where it stands in the queue of its owner, or in ready_.
    std::optional<Index> queued_at;
  };
  // Tasks with events that wait, by the first of them.
  using Queue = absl::btree_map<Index, Task*>;
  struct Entry {
    EventCursor cursor;
    // Null: acknowledged.
    std::unique_ptr<v1::Event> event;
    std::size_t bytes = 0;
    Task* task = nullptr;
    ConsumerNumber owner = ConsumerNumber::kNone;
    // To its owner, which is to be sent it otherwise.
    bool sent = false;
    // To someone before that.
    bool sent_before = false;
  };
  struct Sent {
    Index index;
    Time at;
  };
  struct Consumer {
    std::uint32_t unacknowledged_max = 0;
    // In the order they were sent; some may be acknowledged by now.
    std::deque<Sent> sent;
    // Its own that are still to be sent, each task's in order.
    std::deque<Index> pending;
    // Its tasks with events that wait until it has room.
    Queue queue;
    // Not acknowledged, at most unacknowledged_max; `held`: those of them that it was sent.
    std::uint64_t open = 0;
    std::uint64_t held = 0;
    std::uint64_t acknowledged = 0;
    Time progress{};

    std::uint64_t room() const { return unacknowledged_max - open; }
  };

  // Null: acknowledged.
  Entry* OpenEntry(Index index);
  const Entry* OpenEntry(Index index) const;
  // The entry at that very cursor; null: none.
  const Entry* EntryAt(const EventCursor& cursor) const;
  // Gives events that wait to consumers that have room.
  void Assign();
  void GiveFirst(Task& task, ConsumerNumber number, Consumer& consumer);
  // Puts the task where it is found, if events of it wait; takes it away, before it changes.
  void Enqueue(Task& task);
  void Dequeue(Task& task);
  Queue& QueueOf(const Task& task);
  void Settle(Entry& entry, Time now);
  void MoveMark();
  void PutDown();

  EventCursor mark_;
  EventCursor reached_;
  std::optional<EventCursor> sent_up_to_;
  std::deque<Entry> window_;
  // Of window_'s first.
  Index first_ = 0;
  // Tasks that have no owner.
  Queue ready_;
  absl::node_hash_map<std::string, Task> tasks_;
  std::map<ConsumerNumber, Consumer> consumers_;
  std::uint64_t room_ = 0;
  // What was sent (false) or acknowledged (true) behind the mark before events were put down.
  absl::btree_map<EventCursor, bool> known_;

  std::size_t at_hand_ = 0;
  std::size_t bytes_ = 0;
  std::uint64_t unacknowledged_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t redelivered_ = 0;
};

}  // namespace tasker::service
