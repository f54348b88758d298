// Delivers one sink's events: attempts, waits between them, dead letters.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/random/random.h"
#include "absl/synchronization/mutex.h"

#include "clients/sinks/delivery_queue.h"
#include "clients/sinks/sink_metrics.h"
#include "clients/sinks/target.h"
#include "config/sinks/sink_settings.h"

namespace tasker::sinks {

// Threads: `deliver`, as many as the target wants, owned by this object: they take events from the
// queue, call Target::Send and write dead letters.
//
// Thread-safe, but for construction and destruction.
class Deliverer {
 public:
  // `settings` must outlive it. `target_name`: see Target::description.
  Deliverer(const config::SinkSettings& settings, std::unique_ptr<Target> target,
            SinkMetrics metrics);
  // Gives up what runs.
  ~Deliverer();

  Deliverer(const Deliverer&) = delete;
  Deliverer& operator=(const Deliverer&) = delete;

  // Takes in an event and what acknowledges it, once there is room (see SinkSettings::in_flight).
  // One that was delivered before Restart is not delivered again, and attempts go on to count.
  // `attempts`: made before. False: it is stopped, and does not take it.
  bool Add(CloudEvent event, std::string cursor, std::uint32_t attempts = 0);
  // Takes in a cursor that has no event of its own. False as for Add.
  bool AddMark(std::string cursor);
  // Makes an Add that waits for room return, until Restart.
  void Interrupt();

  // Waits until more may be acknowledged, at most `wait`: the newest such cursor. Nullopt: none,
  // or Interrupt.
  std::optional<std::string> AwaitAcknowledgeable(std::chrono::milliseconds wait);
  // That cursor is acknowledged: what it stands for does not come again, and makes room.
  void NoteAcknowledged();

  // Waits for attempts that run, then forgets all events: they come again, or go to another
  // process. What became of them is remembered; with `forget_delivered` only how often they were
  // tried, as after a reset, which asks for events to be delivered again.
  void Restart(bool forget_delivered);

  // From now on nothing is taken in, and nothing waits for another attempt.
  void BeginDrain();
  // Waits until what can be delivered is; false: not before `deadline`.
  bool AwaitDrained(TimePoint deadline);
  // Lets attempts that run fail soon, and those to come at once.
  void GiveUp() { target_->Stop(); }
  // Waits until nothing is left to deliver, whatever number of attempts that takes.
  void AwaitEmpty();

  // Events taken in and not acknowledged.
  std::size_t in_flight() const;
  // The last error of an attempt, if none has gone well since; else empty.
  std::string trouble() const;

 private:
  // What is known of an event that may come again.
  struct Memory {
    bool is_done = false;
    std::uint32_t attempts = 0;
    TimePoint not_before = {};
    std::string last_error = {};
  };

  void Run();
  // Tries once, and says of each whether it is done. Whoever has taken them may change all of them
  // but `state`, which those who acknowledge read.
  std::vector<bool> Deliver(const std::vector<Delivery*>& taken) ABSL_LOCKS_EXCLUDED(mutex_);
  // What follows from an attempt: done (true), another one, or the dead letters, which are written
  // here.
  bool Judge(Delivery& delivery, const Outcome& outcome, bool was_alone)
      ABSL_LOCKS_EXCLUDED(mutex_);
  bool Bury(const Delivery& delivery);
  void Remember(const std::string& id, Memory memory) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool Insert(Delivery delivery) ABSL_LOCKS_EXCLUDED(mutex_);
  bool IsDrained() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::size_t InFlight() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return queue_.size() + acknowledgeable_.size();
  }
  void ShowInFlight() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const config::SinkSettings& settings_;
  const std::unique_ptr<Target> target_;
  const TargetLimits limits_;
  SinkMetrics metrics_;

  mutable absl::Mutex mutex_;
  // Something that a waiting thread waits for may have changed.
  absl::CondVar changed_;
  DeliveryQueue queue_ ABSL_GUARDED_BY(mutex_);
  // Ids of events that are done, and not acknowledged as far as is known.
  std::vector<std::string> acknowledgeable_ ABSL_GUARDED_BY(mutex_);
  // Of events that were forgotten by Restart, the oldest first in `memory_order_`.
  absl::flat_hash_map<std::string, Memory> memory_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::string> memory_order_ ABSL_GUARDED_BY(mutex_);
  // The other side asked to be left alone until then.
  TimePoint paused_until_ ABSL_GUARDED_BY(mutex_);
  std::string trouble_ ABSL_GUARDED_BY(mutex_);
  // When a failure was last told as a warning.
  TimePoint told_at_ ABSL_GUARDED_BY(mutex_);
  bool interrupted_ ABSL_GUARDED_BY(mutex_) = false;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  absl::BitGen random_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;
};

}  // namespace tasker::sinks
