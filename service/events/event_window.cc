#include "service/events/event_window.h"

#include <algorithm>

#include "service/events/encoded_response.h"
#include "service/events/event_view.h"

namespace tasker::service {

void EventWindow::Add(storage::Sequence sequence, EventBatchPtr events) {
  // Known of what was serialised here, and 0 of what was read from the store.
  const int known = events->GetCachedSize();
  const std::size_t bytes = known > 0 ? static_cast<std::size_t>(known) : events->ByteSizeLong();
  commits_.push_back({sequence, std::move(events), 0, {}});
  Grow(commits_.back(), bytes);
}

void EventWindow::Clear() {
  commits_.clear();
  bytes_ = 0;
}

EventWindow::Commit* EventWindow::Find(storage::Sequence sequence) {
  const auto found = std::ranges::lower_bound(commits_, sequence, {}, &Commit::sequence);
  return found != commits_.end() && found->sequence == sequence ? &*found : nullptr;
}

const std::string* EventWindow::Encoded(const EventCursor& place) {
  Commit* commit = Find(place.sequence);
  if (commit == nullptr) return nullptr;
  const auto found = commit->encoded.find(Place(place.index, place.facet));
  if (found != commit->encoded.end()) return &found->second;
  Keep(place, ViewOf(commit->events->events(static_cast<int>(place.index)), place));
  // Making room may have removed the commit itself.
  commit = Find(place.sequence);
  return commit == nullptr ? nullptr : &commit->encoded[Place(place.index, place.facet)];
}

void EventWindow::Keep(const EventCursor& place, const v1::Event& event) {
  Commit* commit = Find(place.sequence);
  if (commit == nullptr) return;
  const auto [kept, is_new] =
      commit->encoded.try_emplace(Place(place.index, place.facet), EncodedEvent(event));
  if (is_new) Grow(*commit, kept->second.size());
}

void EventWindow::Grow(Commit& commit, std::size_t bytes) {
  commit.bytes += bytes;
  bytes_ += bytes;
  while (bytes_ > bytes_max_ && commits_.size() > 1) {
    bytes_ -= commits_.front().bytes;
    commits_.pop_front();
  }
}

}  // namespace tasker::service
