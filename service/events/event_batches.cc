#include "service/events/event_batches.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "service/events/event_mirrors.h"
#include "service/events/event_view.h"

namespace tasker::service {
namespace {

// One response is at most about this long, so that subscribers that do not read hold little memory.
constexpr std::size_t kBytesPerResponseMax = 256u << 10;
// Likewise for events passed over in one turn, so that one subscriber far behind does not keep the
// others waiting.
constexpr int kEventsPerTurnMax = 2048;
// What is kept to be given to others as well.
constexpr std::size_t kRememberedBytesMax = 8u << 20;

// A response that grows.
struct Draft {
  std::string bytes;
  std::size_t events = 0;

  bool IsFull(std::size_t events_max) const {
    return events >= events_max || bytes.size() >= kBytesPerResponseMax;
  }
  void Add(std::string_view encoded) {
    bytes.append(encoded);
    ++events;
  }
  // Null if there is nothing in it.
  EncodedResponsePtr Finish(const EventCursor& reached) {
    if (events == 0) return nullptr;
    bytes += EncodedCursor(reached.ToString());
    return std::make_shared<const EncodedResponse>(std::move(bytes));
  }
};

// The first event of the commit that has something behind `after`, and its first such facet.
EventCursor FirstBehind(const EventCursor& after, storage::Sequence sequence) {
  if (sequence != after.sequence) return {after.partition, sequence, 0, 0};
  return {after.partition, sequence, after.index, after.facet + 1};
}

}  // namespace

EventBatch EventBatches::FromWindow(FilterGroup& group, const EventCursor& after,
                                    std::size_t events_max) {
  const EventCursor end = std::max(after, router_.head());
  auto place = std::ranges::upper_bound(group.places, after);
  if (place == group.places.end()) return {nullptr, end};
  const Question question{&group, after, events_max};
  if (const auto known = answers_.find(question); known != answers_.end()) return known->second;
  Draft draft;
  EventCursor reached = end;
  for (; place != group.places.end(); ++place) {
    const std::string* encoded = window_.Encoded(*place);
    if (encoded == nullptr) {
      group.from = *place;
      group.places.erase(group.places.begin(), place + 1);
      return {nullptr, after};
    }
    draft.Add(*encoded);
    if (draft.IsFull(events_max)) {
      reached = *place;
      break;
    }
  }
  EncodedResponsePtr response = draft.Finish(reached);
  return Remember(question, {std::move(response), reached});
}

absl::StatusOr<EventBatch> EventBatches::FromLog(const FilterGroup& group, const EventCursor& after,
                                                 std::size_t events_max) {
  const Question question{&group, after, events_max};
  if (const auto known = answers_.find(question); known != answers_.end()) return known->second;
  Draft draft;
  EventCursor reached = after;
  int passed = 0;
  bool full = false;
  const absl::Status read =
      log_.Read(after, [&](storage::Sequence sequence, const EventBatchPtr& events) {
        if (sequence > router_.head().sequence) return false;
        EventCursor at = FirstBehind(after, sequence);
        for (; at.index < static_cast<std::uint32_t>(events->events_size()); ++at.index) {
          const auto& event = events->events(static_cast<int>(at.index));
          const auto facets = static_cast<std::uint32_t>(MirrorsOf(event.name()).size());
          for (; at.facet <= facets; ++at.facet) {
            reached = at;
            if (group.filter.Matches(event, at)) draft.Add(Encoded(event, at));
            full = draft.IsFull(events_max);
            if (full) return false;
          }
          at.facet = 0;
          full = ++passed >= kEventsPerTurnMax;
          if (full) return false;
        }
        reached = {at.partition, sequence};
        return true;
      });
  if (!read.ok()) return read;
  if (!full) reached = std::max(reached, router_.head());
  EncodedResponsePtr response = draft.Finish(reached);
  return Remember(question, {std::move(response), reached});
}

std::string EventBatches::Encoded(const storage::v1::EventRecord& event, const EventCursor& place) {
  const std::string* known = window_.Encoded(place);
  return known != nullptr ? *known : EncodedEvent(ViewOf(event, place));
}

const EventBatch& EventBatches::Remember(const Question& question, EventBatch batch) {
  if (bytes_ > kRememberedBytesMax) Forget();
  if (batch.response != nullptr) bytes_ += batch.response->size();
  return answers_.insert_or_assign(question, std::move(batch)).first->second;
}

void EventBatches::Forget() {
  answers_.clear();
  bytes_ = 0;
}

}  // namespace tasker::service
