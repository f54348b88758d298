#include "clients/sinks/delivery_queue.h"

#include <algorithm>

namespace tasker::sinks {
namespace {

// Every event has an id.
bool IsMark(const Delivery& delivery) { return delivery.event.id.empty(); }

}  // namespace

void DeliveryQueue::Add(Delivery delivery) {
  delivery.place = next_place_++;
  if (!IsMark(delivery)) ++events_;
  deliveries_.push_back(std::make_unique<Delivery>(std::move(delivery)));
  Delivery* const added = deliveries_.back().get();
  if (added->state == Delivery::State::kDone) return;
  Lane& lane = lanes_[added->event.task_id];
  lane.waiting.push_back(added);
  if (lane.waiting.size() == 1 && !lane.is_running) Enlist(added->event.task_id, lane);
}

void DeliveryQueue::AddMark(std::string cursor) {
  // Of several in a row the last counts: there are never more of them than events.
  if (!deliveries_.empty() && IsMark(*deliveries_.back())) {
    deliveries_.back()->cursor = std::move(cursor);
    return;
  }
  Delivery mark;
  mark.cursor = std::move(cursor);
  mark.state = Delivery::State::kDone;
  Add(std::move(mark));
}

void DeliveryQueue::Enlist(const std::string& task_id, const Lane& lane) {
  const Delivery& first = *lane.waiting.front();
  if (first.not_before == TimePoint()) {
    ready_.emplace(first.place, task_id);
  } else {
    delayed_.emplace(first.not_before, task_id);
  }
}

void DeliveryQueue::Wake(TimePoint now) {
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    const std::string& task_id = delayed_.begin()->second;
    ready_.emplace(lanes_.at(task_id).waiting.front()->place, task_id);
    delayed_.erase(delayed_.begin());
  }
}

std::vector<Delivery*> DeliveryQueue::Take(TimePoint now, std::size_t count, bool several_of_task) {
  Wake(now);
  std::vector<Delivery*> taken;
  // Lanes of which something was taken, and how much.
  absl::flat_hash_map<std::string, std::size_t> used;
  while (taken.size() < count && !ready_.empty()) {
    const std::string task_id = ready_.begin()->second;
    Lane& lane = lanes_.at(task_id);
    std::size_t& index = used[task_id];
    Delivery* const next = lane.waiting[index];
    // One that is to be alone ends the batch, and begins the next.
    if (next->alone && !taken.empty()) break;
    ready_.erase(ready_.begin());
    next->state = Delivery::State::kRunning;
    lane.is_running = true;
    taken.push_back(next);
    ++index;
    if (next->alone) break;
    if (several_of_task && index < lane.waiting.size()) {
      ready_.emplace(lane.waiting[index]->place, task_id);
    }
  }
  // A lane that runs is not handed out again.
  for (const auto& [task_id, index] : used) {
    const Lane& lane = lanes_.at(task_id);
    if (index > 0 && index < lane.waiting.size())
      ready_.erase({lane.waiting[index]->place, task_id});
  }
  running_ += taken.size();
  return taken;
}

std::optional<TimePoint> DeliveryQueue::NextAt() const {
  if (!ready_.empty()) return TimePoint();
  if (!delayed_.empty()) return delayed_.begin()->first;
  return std::nullopt;
}

void DeliveryQueue::Settle(const std::vector<Delivery*>& taken) {
  running_ -= taken.size();
  for (Delivery* each : taken) {
    if (each->state != Delivery::State::kDone) each->state = Delivery::State::kWaiting;
  }
  for (Delivery* each : taken) {
    const std::string& task_id = each->event.task_id;
    const auto found = lanes_.find(task_id);
    // Settled already, by an event of the same task.
    if (found == lanes_.end() || !found->second.is_running) continue;
    Lane& lane = found->second;
    lane.is_running = false;
    std::erase_if(lane.waiting,
                  [](const Delivery* item) { return item->state == Delivery::State::kDone; });
    if (lane.waiting.empty()) {
      lanes_.erase(found);
    } else {
      Enlist(task_id, lane);
    }
  }
}

std::optional<std::string> DeliveryQueue::TakeAcknowledgeable(std::vector<std::string>& ids) {
  std::optional<std::string> cursor;
  while (!deliveries_.empty() && deliveries_.front()->state == Delivery::State::kDone) {
    cursor = std::move(deliveries_.front()->cursor);
    if (!IsMark(*deliveries_.front())) {
      --events_;
      ids.push_back(std::move(deliveries_.front()->event.id));
    }
    deliveries_.pop_front();
  }
  return cursor;
}

void DeliveryQueue::Clear() {
  deliveries_.clear();
  events_ = 0;
  lanes_.clear();
  ready_.clear();
  delayed_.clear();
}

}  // namespace tasker::sinks
