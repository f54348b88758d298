// Finds for each new event who wants it, without asking everyone.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"

#include "service/events/event_cursor.h"
#include "service/events/event_fields.h"
#include "service/events/event_filter.h"
#include "service/events/event_window.h"
#include "service/pipeline/committed.h"
#include "storage/store.h"

namespace tasker::service {

struct HubSubscription;

// Everyone who has the same filter.
struct FilterGroup {
  EventFilter filter;
  std::size_t members = 0;
  // The events that match, of those behind `from` and up to the router's head, in order.
  std::deque<EventCursor> places;
  EventCursor from;
  // Members that have been sent all there is, and wait for more.
  std::vector<HubSubscription*> waiting;
  // Whether places were added since the router was last asked.
  bool has_news = false;
  // EventLog::FloorFor, as of `floors_version`.
  storage::Sequence floor{};
  std::uint64_t floors_version = 0;

  // Whether `places` tell of everything behind `after`.
  bool Covers(const EventCursor& after) const { return after >= from; }
};

// Looks at each event once: groups that follow tasks are found by the task's id, the others by a
// list for the event's kind (its name, and its task's template), made when the first of the kind
// comes. So the price of an event is that of those who may want it, however many others there are.
//
// Not thread-safe.
class EventRouter {
 public:
  // Starts behind `head`. `window` must outlive it; it is given the commits that are routed.
  EventRouter(EventWindow* window, EventCursor head) : window_(*window), head_(head) {}
  EventRouter(const EventRouter&) = delete;
  EventRouter& operator=(const EventRouter&) = delete;

  // The group of that filter, with one member more. Valid until as many have left.
  FilterGroup* Join(EventFilter filter);
  void Leave(FilterGroup* group);

  // Takes the events of the next commit.
  void Route(storage::Sequence sequence, const EventBatchPtr& events);
  // Passes over commits up to there. Precondition: there are no groups.
  void SkipTo(const EventCursor& head);

  // Everything up to here was routed.
  const EventCursor& head() const { return head_; }
  std::size_t size() const { return groups_.size(); }
  // The groups with new places, each once; then those are no news any more.
  std::vector<FilterGroup*> TakeNews();

 private:
  struct Target {
    FilterGroup* group;
    std::uint32_t facet;
  };
  // An event under one of its names, as clients see it; made if some filter has to look into it.
  struct Shown {
    v1::Event event;
    std::optional<EventFields> fields;
  };
  using ShownFacets = std::vector<std::unique_ptr<Shown>>;

  const std::vector<Target>& TargetsOf(const storage::v1::EventRecord& event);
  // Adds the facets of events of that kind that the group may want.
  static void AddTargets(const EventKind& kind, FilterGroup* group, std::vector<Target>& targets);
  // Of one group.
  std::size_t PlacesMax() const;
  void Offer(const storage::v1::EventRecord& event, EventCursor place, const Target& target,
             ShownFacets& shown);

  EventWindow& window_;
  EventCursor head_;
  // By what the filter says.
  absl::flat_hash_map<std::string, std::unique_ptr<FilterGroup>> groups_;
  // Groups that follow tasks, by task id.
  absl::flat_hash_map<std::string, std::vector<FilterGroup*>> by_task_;
  // The others.
  std::vector<FilterGroup*> by_kind_;
  // By name, namespace and task name, a zero byte between them.
  absl::flat_hash_map<std::string, std::vector<Target>> kinds_;
  std::string kind_key_;
  std::vector<FilterGroup*> news_;
};

}  // namespace tasker::service
