// What is to happen later, in the order of time.
#pragma once

#include <cstdint>
#include <optional>
#include <queue>
#include <string>
#include <variant>
#include <vector>

#include "engine/model/time.h"
#include "engine/tasks/task_run.h"

namespace tasker::engine {

// A step's backoff ends. Void unless the step still waits for exactly this moment.
struct RetryDue {
  StepRef step;
};

// The leases of a handler instance are to be looked at.
struct LeaseCheck {
  std::string instance_id;
};

// A moment and what it is for.
struct Timer {
  Timestamp at;
  std::variant<RetryDue, LeaseCheck> what;
};

// Timers are not taken out when they become void: whoever takes one checks whether it still means
// anything. Nothing here is stored: timers follow from the records of the steps.
class TimerQueue {
 public:
  void Add(Timer timer);

  // The earliest timer's moment, nullopt if there is none.
  std::optional<Timestamp> Next() const;

  // The earliest timer if it is due at `now`; of equal ones the one added first.
  std::optional<Timer> TakeDue(Timestamp now);

 private:
  struct Entry {
    Timer timer;
    std::uint64_t order;

    // For the heap, whose top is its greatest.
    bool operator<(const Entry& other) const {
      return timer.at != other.timer.at ? timer.at > other.timer.at : order > other.order;
    }
  };

  std::priority_queue<Entry> heap_;
  std::uint64_t added_ = 0;
};

}  // namespace tasker::engine
