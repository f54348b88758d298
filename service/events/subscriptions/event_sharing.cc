#include "service/events/subscriptions/event_sharing.h"

#include <algorithm>
#include <iterator>
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
    entry->task->owner = ConsumerNumber::kNone;
    ++entry->task->unassigned;
    given_back.push_back(index);
  };
  for (const Sent& sent : leaving->second.sent) take_back(sent.index);
  for (const Index index : leaving->second.pending) take_back(index);
  room_ -= leaving->second.unacknowledged_max;
  consumers_.erase(leaving);
  // In the order of the log: so an event that was given back goes out before the later ones of its
  // task, all of which were the same consumer's or wait here as well.
  std::ranges::sort(given_back);
  std::deque<Index> merged;
  std::ranges::merge(given_back, unassigned_, std::back_inserter(merged));
  unassigned_ = std::move(merged);
  if (consumers_.empty()) PutDown();
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
  unassigned_.clear();
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
  if (task.owner != ConsumerNumber::kNone && task.unassigned == 0) {
    GiveTo(task.owner, consumers_.at(task.owner), index, entry);
  } else {
    ++task.unassigned;
    unassigned_.push_back(index);
  }
}

void EventSharing::PassOver(const EventCursor& reached) {
  reached_ = std::max(reached_, reached);
  MoveMark();
}

bool EventSharing::HasRoom() const {
  return at_hand_ < room_ && bytes_ < kBytesAtHandMax && window_.size() < kWindowMax;
}

void EventSharing::GiveTo(ConsumerNumber number, Consumer& consumer, Index index, Entry& entry) {
  entry.owner = number;
  entry.task->owner = number;
  ++consumer.open;
  consumer.pending.push_back(index);
}

void EventSharing::Assign() {
  while (!unassigned_.empty()) {
    const Index index = unassigned_.front();
    Entry* entry = OpenEntry(index);
    if (entry != nullptr) {
      auto chosen = consumers_.find(entry->task->owner);
      if (chosen == consumers_.end()) {
        chosen = std::ranges::min_element(consumers_, {}, [](const auto& each) {
          // One without room comes behind all that have some.
          const Consumer& consumer = each.second;
          return std::pair(consumer.open >= consumer.unacknowledged_max, consumer.open);
        });
        if (chosen == consumers_.end() ||
            chosen->second.open >= chosen->second.unacknowledged_max) {
          return;
        }
      }
      --entry->task->unassigned;
      GiveTo(chosen->first, chosen->second, index, *entry);
    }
    unassigned_.pop_front();
  }
}

bool EventSharing::TakeFor(ConsumerNumber number, const Portion& portion,
                           const EventCursor& doubted, Time now, v1::SubscribeResponse& response) {
  Assign();
  Consumer& consumer = consumers_.at(number);
  std::size_t bytes = 0;
  std::uint32_t redelivered = 0;
  const Entry* last = nullptr;
  while (!consumer.pending.empty() && consumer.held < consumer.unacknowledged_max &&
         bytes < portion.bytes_max &&
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
  if (const auto owner = consumers_.find(entry.owner); owner != consumers_.end()) {
    Consumer& consumer = owner->second;
    --consumer.open;
    if (entry.sent) {
      --consumer.held;
      --unacknowledged_;
      ++consumer.acknowledged;
      consumer.progress = now;
    }
  } else {
    --entry.task->unassigned;
  }
  ++acknowledged_;
  --at_hand_;
  bytes_ -= entry.bytes;
  if (--entry.task->open == 0) tasks_.erase(tasks_.find(entry.task->id));
  entry.task = nullptr;
  entry.event.reset();
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
