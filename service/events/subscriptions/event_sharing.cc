#include "service/events/subscriptions/event_sharing.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tasker::service {
namespace {

// Beyond that no more events are read, however many the consumers may hold.
constexpr std::size_t kBytesAtHandMax = 16u << 20;
// Likewise for events that were acknowledged before an earlier one: of each only the place is kept.
constexpr std::size_t kWindowMax = 100'000;

}  // namespace

EventSharing::Entry* EventSharing::OpenEntry(Index index) {
  if (index < first_) return nullptr;
  Entry& entry = window_[index - first_];
  return entry.event == nullptr ? nullptr : &entry;
}

const EventSharing::Entry* EventSharing::OpenEntry(Index index) const {
  if (index < first_) return nullptr;
  const Entry& entry = window_[index - first_];
  return entry.event == nullptr ? nullptr : &entry;
}

const EventSharing::Entry* EventSharing::EntryAt(const EventCursor& cursor) const {
  const auto found = std::ranges::lower_bound(window_, cursor, {}, &Entry::cursor);
  return found == window_.end() || found->cursor != cursor ? nullptr : &*found;
}

void EventSharing::AddConsumer(ConsumerNumber number, std::uint32_t unacknowledged_max) {
  consumers_[number].unacknowledged_max = unacknowledged_max;
  room_ += unacknowledged_max;
}

void EventSharing::RemoveConsumer(ConsumerNumber number) {
  const auto leaving = consumers_.find(number);
  if (leaving == consumers_.end()) return;
  std::vector<Index> given_back;
  const auto take_back = [&](Index index) {
    Entry* entry = OpenEntry(index);
    if (entry == nullptr) return;
    if (entry->sent) --unacknowledged_;
    entry->sent_before = entry->sent_before || entry->sent;
    entry->sent = false;
    entry->owner = ConsumerNumber::kNone;
    given_back.push_back(index);
  };
  for (const Sent& sent : leaving->second.sent) take_back(sent.index);
  for (const Index index : leaving->second.pending) take_back(index);
  // What an owner has lies before what waits of the same task, and is now the first to wait.
  std::ranges::sort(given_back, std::greater<>());
  for (const Index index : given_back) {
    Task& task = *OpenEntry(index)->task;
    Dequeue(task);
    task.owner = ConsumerNumber::kNone;
    task.held = 0;
    task.waiting.push_front(index);
  }
  for (const Index index : given_back) Enqueue(*OpenEntry(index)->task);
  room_ -= leaving->second.unacknowledged_max;
  consumers_.erase(leaving);
  if (consumers_.empty()) PutDown();
}

EventSharing::Queue& EventSharing::QueueOf(const Task& task) {
  return task.owner == ConsumerNumber::kNone ? ready_ : consumers_.at(task.owner).queue;
}

void EventSharing::Enqueue(Task& task) {
  while (!task.waiting.empty() && OpenEntry(task.waiting.front()) == nullptr) {
    task.waiting.pop_front();
  }
  if (task.queued_at || task.waiting.empty()) return;
  task.queued_at = task.waiting.front();
  QueueOf(task).emplace(*task.queued_at, &task);
}

void EventSharing::Dequeue(Task& task) {
  if (task.queued_at) QueueOf(task).erase(*task.queued_at);
  task.queued_at.reset();
}

void EventSharing::PutDown() {
  known_.erase(known_.begin(), known_.upper_bound(mark_));
  for (const Entry& entry : window_) {
    if (entry.event == nullptr) {
      known_[entry.cursor] = true;
    } else if (entry.sent_before) {
      known_[entry.cursor] = false;
    }
  }
  first_ += window_.size();
  window_.clear();
  ready_.clear();
  tasks_.clear();
  at_hand_ = 0;
  bytes_ = 0;
  reached_ = mark_;
}

void EventSharing::Add(const EventCursor& cursor, v1::Event event) {
  if (cursor <= reached_) return;
  reached_ = cursor;
  if (cursor <= mark_) return;
  Entry& entry = window_.emplace_back();
  entry.cursor = cursor;
  if (const auto known = known_.find(cursor); known != known_.end()) {
    const bool acknowledged = known->second;
    known_.erase(known);
    if (acknowledged) {
      MoveMark();
      return;
    }
    entry.sent_before = true;
  }
  const Index index = first_ + window_.size() - 1;
  entry.bytes = event.ByteSizeLong();
  Task& task = tasks_.try_emplace(event.task_id()).first->second;
  if (task.open++ == 0) task.id = event.task_id();
  entry.task = &task;
  entry.event = std::make_unique<v1::Event>(std::move(event));
  ++at_hand_;
  bytes_ += entry.bytes;
  task.waiting.push_back(index);
  Enqueue(task);
}

void EventSharing::PassOver(const EventCursor& reached) {
  reached_ = std::max(reached_, reached);
  MoveMark();
}

bool EventSharing::HasRoom() const {
  return at_hand_ < room_ && bytes_ < kBytesAtHandMax && window_.size() < kWindowMax;
}

void EventSharing::GiveFirst(Task& task, ConsumerNumber number, Consumer& consumer) {
  Dequeue(task);
  while (!task.waiting.empty()) {
    const Index index = task.waiting.front();
    task.waiting.pop_front();
    Entry* entry = OpenEntry(index);
    if (entry == nullptr) continue;
    entry->owner = number;
    task.owner = number;
    ++task.held;
    ++consumer.open;
    consumer.pending.push_back(index);
    break;
  }
  Enqueue(task);
}

void EventSharing::Assign() {
  while (true) {
    // The earliest event that somebody can take.
    Task* first = nullptr;
    auto freest = consumers_.end();
    auto taker = consumers_.end();
    for (auto each = consumers_.begin(); each != consumers_.end(); ++each) {
      Consumer& consumer = each->second;
      if (consumer.room() == 0) continue;
      if (freest == consumers_.end() || consumer.room() > freest->second.room()) freest = each;
      if (consumer.queue.empty()) continue;
      Task* own = consumer.queue.begin()->second;
      if (first == nullptr || *own->queued_at < *first->queued_at) {
        first = own;
        taker = each;
      }
    }
    if (freest == consumers_.end()) return;
    if (!ready_.empty() && (first == nullptr || ready_.begin()->first < *first->queued_at)) {
      first = ready_.begin()->second;
      taker = freest;
    }
    if (first == nullptr) return;
    GiveFirst(*first, taker->first, taker->second);
  }
}

bool EventSharing::TakeFor(ConsumerNumber number, const Portion& portion,
                           const EventCursor& doubted, Time now, v1::SubscribeResponse& response) {
  Assign();
  Consumer& consumer = consumers_.at(number);
  std::size_t bytes = 0;
  std::uint32_t redelivered = 0;
  const Entry* last = nullptr;
  while (!consumer.pending.empty() && bytes < portion.bytes_max &&
         static_cast<std::size_t>(response.events_size()) < portion.events_max) {
    const Index index = consumer.pending.front();
    consumer.pending.pop_front();
    Entry* entry = OpenEntry(index);
    if (entry == nullptr) continue;
    *response.add_events() = *entry->event;
    bytes += entry->bytes;
    if (entry->sent_before) ++redelivered_;
    if (entry->sent_before || entry->cursor <= doubted) ++redelivered;
    // What it holds begins to count from here.
    if (consumer.held++ == 0) consumer.progress = now;
    entry->sent = true;
    ++unacknowledged_;
    consumer.sent.push_back({index, now});
    sent_up_to_ = std::max(sent_up_to_.value_or(entry->cursor), entry->cursor);
    last = entry;
  }
  if (last == nullptr) return false;
  response.set_cursor(last->cursor.ToString());
  response.set_redelivered(redelivered);
  return true;
}

void EventSharing::Settle(Entry& entry, Time now) {
  Task& task = *entry.task;
  Dequeue(task);
  if (const auto owner = consumers_.find(entry.owner); owner != consumers_.end()) {
    Consumer& consumer = owner->second;
    --consumer.open;
    if (entry.sent) {
      --consumer.held;
      --unacknowledged_;
      ++consumer.acknowledged;
      consumer.progress = now;
    }
    if (--task.held == 0) task.owner = ConsumerNumber::kNone;
  }
  ++acknowledged_;
  --at_hand_;
  bytes_ -= entry.bytes;
  entry.task = nullptr;
  entry.event.reset();
  if (--task.open == 0) {
    tasks_.erase(tasks_.find(task.id));
  } else {
    Enqueue(task);
  }
}

void EventSharing::MoveMark() {
  while (!window_.empty() && window_.front().event == nullptr) {
    mark_ = std::max(mark_, window_.front().cursor);
    window_.pop_front();
    ++first_;
  }
  if (window_.empty()) mark_ = std::max(mark_, reached_);
}

absl::Status EventSharing::Acknowledge(ConsumerNumber number, const EventCursor& cursor, Time now) {
  const Entry* entry = EntryAt(cursor);
  if (entry == nullptr || entry->event == nullptr || !entry->sent || entry->owner != number) {
    if (cursor <= mark_ || (entry != nullptr && entry->event == nullptr)) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat("cursor: \"", cursor.ToString(),
                                                   "\" is of nothing that this consumer was sent"));
  }
  Consumer& consumer = consumers_.at(number);
  bool done = false;
  while (!done) {
    const Index index = consumer.sent.front().index;
    consumer.sent.pop_front();
    Entry* sent = OpenEntry(index);
    if (sent == nullptr) continue;
    done = sent->cursor == cursor;
    Settle(*sent, now);
  }
  MoveMark();
  return absl::OkStatus();
}

void EventSharing::AcknowledgeUpTo(const EventCursor& cursor, Time now) {
  for (Entry& entry : window_) {
    if (entry.cursor > cursor) break;
    if (entry.event != nullptr) Settle(entry, now);
  }
  MoveMark();
  mark_ = std::max(mark_, cursor);
}

std::optional<EventSharing::Time> EventSharing::IdleSince(ConsumerNumber number) {
  Consumer& consumer = consumers_.at(number);
  while (!consumer.pending.empty() && OpenEntry(consumer.pending.front()) == nullptr) {
    consumer.pending.pop_front();
  }
  while (!consumer.sent.empty() && OpenEntry(consumer.sent.front().index) == nullptr) {
    consumer.sent.pop_front();
  }
  if (consumer.sent.empty()) return std::nullopt;
  return std::max(consumer.progress, consumer.sent.front().at);
}

bool EventSharing::OthersHaveRoom(ConsumerNumber number) const {
  return std::ranges::any_of(consumers_, [&](const auto& each) {
    return each.first != number && each.second.open < each.second.unacknowledged_max;
  });
}

std::optional<EventCursor> EventSharing::LastHeld(ConsumerNumber number) const {
  const std::deque<Sent>& sent = consumers_.at(number).sent;
  for (auto each = sent.rbegin(); each != sent.rend(); ++each) {
    if (const Entry* entry = OpenEntry(each->index)) return entry->cursor;
  }
  return std::nullopt;
}

std::uint64_t EventSharing::unacknowledged(ConsumerNumber number) const {
  return consumers_.at(number).held;
}

std::uint64_t EventSharing::acknowledged(ConsumerNumber number) const {
  return consumers_.at(number).acknowledged;
}

}  // namespace tasker::service
