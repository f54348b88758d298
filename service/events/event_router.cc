#include "service/events/event_router.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "service/events/event_mirrors.h"
#include "service/events/event_view.h"

namespace tasker::service {
namespace {

// Kinds that lists are kept for. Names of custom events and templates may be many; then the lists
// are made anew.
constexpr std::size_t kKindsMax = 4096;
// Places that all groups keep together, about, and one at least and at most. Members that are
// further behind read the log.
constexpr std::size_t kPlacesOfAllMax = 1u << 20;
constexpr std::size_t kPlacesMin = 256;
constexpr std::size_t kPlacesMax = 16'384;

}  // namespace

FilterGroup* EventRouter::Join(EventFilter filter) {
  std::unique_ptr<FilterGroup>& group = groups_[filter.text()];
  if (group == nullptr) {
    group = std::make_unique<FilterGroup>();
    group->filter = std::move(filter);
    group->from = head_;
    for (const std::string& task : group->filter.task_ids()) by_task_[task].push_back(group.get());
    if (group->filter.task_ids().empty()) {
      by_kind_.push_back(group.get());
      for (auto& [key, targets] : kinds_) {
        const std::vector<std::string> parts = absl::StrSplit(key, '\0');
        AddTargets({parts[0], false, parts[1], parts[2]}, group.get(), targets);
      }
    }
  }
  ++group->members;
  return group.get();
}

void EventRouter::Leave(FilterGroup* group) {
  if (--group->members > 0) return;
  for (const std::string& task : group->filter.task_ids()) {
    const auto found = by_task_.find(task);
    std::erase(found->second, group);
    if (found->second.empty()) by_task_.erase(found);
  }
  if (group->filter.task_ids().empty()) {
    std::erase(by_kind_, group);
    for (auto& [key, targets] : kinds_) {
      std::erase_if(targets, [&](const Target& target) { return target.group == group; });
    }
  }
  std::erase(news_, group);
  const std::string text = group->filter.text();
  groups_.erase(text);
}

void EventRouter::SkipTo(const EventCursor& head) {
  window_.Clear();
  head_ = std::max(head_, head);
}

void EventRouter::Route(storage::Sequence sequence, const EventBatchPtr& events) {
  window_.Add(sequence, events);
  ShownFacets shown;
  for (int i = 0; i < events->events_size(); ++i) {
    const storage::v1::EventRecord& event = events->events(i);
    // Retention leaves nothing but the place of an event that it has removed among others.
    if (event.name().empty()) continue;
    const EventCursor place{head_.partition, sequence, static_cast<std::uint32_t>(i)};
    shown.clear();
    for (const Target& target : TargetsOf(event)) Offer(event, place, target, shown);
    if (by_task_.empty() || event.task_id().empty()) continue;
    const auto followers = by_task_.find(event.task_id());
    if (followers == by_task_.end()) continue;
    std::vector<Target> targets;
    const EventKind kind{event.name(), false, event.namespace_(), event.task_name()};
    for (FilterGroup* group : followers->second) AddTargets(kind, group, targets);
    for (const Target& target : targets) Offer(event, place, target, shown);
  }
  head_ = {head_.partition, sequence};
}

const std::vector<EventRouter::Target>& EventRouter::TargetsOf(
    const storage::v1::EventRecord& event) {
  kind_key_.clear();
  kind_key_.append(event.name()).push_back('\0');
  kind_key_.append(event.namespace_()).push_back('\0');
  kind_key_.append(event.task_name());
  const auto found = kinds_.find(kind_key_);
  if (found != kinds_.end()) return found->second;
  if (kinds_.size() >= kKindsMax) kinds_.clear();
  std::vector<Target>& targets = kinds_[kind_key_];
  const EventKind kind{event.name(), false, event.namespace_(), event.task_name()};
  for (FilterGroup* group : by_kind_) AddTargets(kind, group, targets);
  return targets;
}

void EventRouter::AddTargets(const EventKind& kind, FilterGroup* group,
                             std::vector<Target>& targets) {
  if (group->filter.MatchesKind(kind)) targets.push_back({group, 0});
  EventKind mirror = kind;
  mirror.is_mirror = true;
  std::uint32_t facet = 0;
  for (const std::string_view name : MirrorsOf(kind.name)) {
    mirror.name = name;
    ++facet;
    if (group->filter.MatchesKind(mirror)) targets.push_back({group, facet});
  }
}

void EventRouter::Offer(const storage::v1::EventRecord& event, EventCursor place,
                        const Target& target, ShownFacets& shown) {
  FilterGroup& group = *target.group;
  if (!group.filter.MatchesTask(event)) return;
  place.facet = target.facet;
  if (group.filter.has_where()) {
    if (shown.size() <= place.facet) shown.resize(place.facet + 1);
    std::unique_ptr<Shown>& facet = shown[place.facet];
    if (facet == nullptr) {
      facet = std::make_unique<Shown>();
      facet->event = ViewOf(event, place);
      facet->fields.emplace(facet->event);
    }
    if (!group.filter.Holds(*facet->fields)) return;
    window_.Keep(place, facet->event);
  }
  group.places.push_back(place);
  while (group.places.size() > PlacesMax()) {
    group.from = group.places.front();
    group.places.pop_front();
  }
  if (!std::exchange(group.has_news, true)) news_.push_back(&group);
}

std::size_t EventRouter::PlacesMax() const {
  return std::clamp(kPlacesOfAllMax / std::max<std::size_t>(groups_.size(), 1), kPlacesMin,
                    kPlacesMax);
}

std::vector<FilterGroup*> EventRouter::TakeNews() {
  for (FilterGroup* group : news_) group->has_news = false;
  return std::exchange(news_, {});
}

}  // namespace tasker::service
