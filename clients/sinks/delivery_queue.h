// Which event may be tried when, and how far everything is dealt with.
//
// Pure: no clock, no thread, no I/O. The time is handed in, so tests need not wait.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"

#include "clients/sinks/cloud_event.h"

namespace tasker::sinks {

using TimePoint = std::chrono::steady_clock::time_point;

// An event on its way.
struct Delivery {
  enum class State { kWaiting, kRunning, kDone };

  CloudEvent event;
  // Acknowledged by this.
  std::string cursor;
  // Its place in the order in which events came.
  std::uint64_t place = 0;
  State state = State::kWaiting;
  // So far.
  std::uint32_t attempts = 0;
  TimePoint not_before = {};
  // Never in a batch with others: one with it was refused, and it must be found out which it was.
  bool alone = false;
  // Of the last attempt that failed.
  std::string last_error = {};
};

// Events in the order in which they came. Each task's go one after the other: the next is not
// handed out before the one before is done. Events that concern no task are one row of their own.
//
// One thread at a time.
class DeliveryQueue {
 public:
  // Takes in an event; `delivery.attempts`, `not_before` and `kDone` may be known from before.
  void Add(Delivery delivery);
  // Everything before is dealt with once this is passed: a cursor without an event.
  void AddMark(std::string cursor);

  // Hands out events that may be tried now, the earliest first, at most `count`; they are running
  // then. With `several_of_task` more than one of a task, in order. Empty: there are none.
  std::vector<Delivery*> Take(TimePoint now, std::size_t count, bool several_of_task);

  // When Take has something: the epoch if it has now, else when the first delay is over (which may
  // have passed); nullopt: not before something changes.
  std::optional<TimePoint> NextAt() const;

  // What was taken together is over: those in state kDone are, the others wait until their
  // `not_before`.
  void Settle(const std::vector<Delivery*>& taken);

  // The newest cursor up to which everything is done, and forgets all that; nullopt: none is new.
  // The ids of the events that it forgets are added to `ids`.
  std::optional<std::string> TakeAcknowledgeable(std::vector<std::string>& ids);

  // All that are not acknowledgeable yet. Precondition of clearing: none is running.
  const std::deque<std::unique_ptr<Delivery>>& deliveries() const { return deliveries_; }
  void Clear();

  // Events taken in that are not acknowledgeable yet.
  std::size_t size() const { return events_; }
  std::size_t running() const { return running_; }

 private:
  // The events of one task, in order.
  struct Lane {
    std::deque<Delivery*> waiting;
    bool is_running = false;
  };

  // Puts a lane where Take looks for it, by its first event. Precondition: it is not there.
  void Enlist(const std::string& task_id, const Lane& lane);
  // Moves the lanes whose time has come.
  void Wake(TimePoint now);

  std::deque<std::unique_ptr<Delivery>> deliveries_;
  absl::flat_hash_map<std::string, Lane> lanes_;
  // Lanes whose first event may be tried, by its place; and those that wait, by their time.
  std::set<std::pair<std::uint64_t, std::string>> ready_;
  std::set<std::pair<TimePoint, std::string>> delayed_;
  std::uint64_t next_place_ = 0;
  std::size_t events_ = 0;
  std::size_t running_ = 0;
};

}  // namespace tasker::sinks
