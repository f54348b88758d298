// What is to happen later, in the order of time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <queue>
#include <string>
#include <variant>
#include <vector>

#include "engine/model/ids.h"
#include "engine/model/time.h"

namespace tasker::engine {

// A moment in the life of a step. Each follows from what is stored of the step, and is void unless
// it still does: so none fires early or twice, and a restart finds them again.
struct StepTimer {
  enum class Kind : std::uint8_t {
    // The backoff ends.
    kRetry,
    // No handler took the step in time.
    kScheduleToStart,
    // The attempt took too long.
    kStartToClose,
    // A wait ends, or a signal did not come.
    kWake,
    // The handler has not ended an attempt that was cancelled.
    kCancelGrace,
    // After a restart: the step waits for a task that may never have been created.
    kSubTask,
  };

  Kind kind{};
  StepRef step;
};

// The task must have ended.
struct TaskDeadline {
  TaskId task;
};

// The leases of a handler instance are to be looked at.
struct LeaseCheck {
  std::string instance_id;
};

// A moment and what it is for.
struct Timer {
  Timestamp at;
  std::variant<StepTimer, TaskDeadline, LeaseCheck> what;
};

// Timers are not taken out when they become void: whoever takes one checks whether it still means
// anything. Nothing here is stored: timers follow from the records of tasks and steps.
class TimerQueue {
 public:
  void Add(Timer timer);

  // How many there are, void ones among them.
  std::size_t size() const { return heap_.size(); }

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
