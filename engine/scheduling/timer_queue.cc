#include "engine/scheduling/timer_queue.h"

namespace tasker::engine {

void TimerQueue::Add(Timer timer) { heap_.push({std::move(timer), added_++}); }

std::optional<Timestamp> TimerQueue::Next() const {
  if (heap_.empty()) return std::nullopt;
  return heap_.top().timer.at;
}

std::optional<Timer> TimerQueue::TakeDue(Timestamp now) {
  if (heap_.empty() || heap_.top().timer.at > now) return std::nullopt;
  Timer timer = heap_.top().timer;
  heap_.pop();
  return timer;
}

}  // namespace tasker::engine
