// Which events a subscriber wants.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"

#include "config/expressions/field_condition.h"
#include "service/events/event_cursor.h"
#include "tasker/storage/v1/records.pb.h"
#include "tasker/v1/event_service.pb.h"

namespace tasker::service {

// Whether `text` matches `pattern`, in which `*` stands for any characters, also none. Time:
// O(text * stars).
bool MatchesPattern(std::string_view pattern, std::string_view text);

// What many events have in common. Views.
struct EventKind {
  // Of the stored event or, with `is_mirror`, of one of its mirrors.
  std::string_view name;
  bool is_mirror = false;
  // Empty for events that concern no task.
  std::string_view namespace_name;
  std::string_view task_name;
};

// A checked filter. Immutable; safe to use from several threads.
//
// Its conditions come in three layers, the cheap ones first, so that a reader can decide once for
// all events of a kind, and look at an event as clients see it only if that is needed: an event
// matches if MatchesKind, MatchesTask and Holds all say so.
class EventFilter {
 public:
  // Matches everything that is stored.
  EventFilter() = default;

  // Error: INVALID_ARGUMENT for a malformed pattern, category, task id, priority, tag or
  // expression, or too many of them; the message says where.
  static absl::StatusOr<EventFilter> Make(const v1::EventFilter& filter);

  // All layers. `place` is the event's own, with the facet that is asked about.
  bool Matches(const storage::v1::EventRecord& event, const EventCursor& place) const;

  // By names, categories, namespace and task name. A mirror matches only if the filter asks for it;
  // see v1::EventFilter.names.
  bool MatchesKind(const EventKind& kind) const;
  // By task id, priority and tags.
  bool MatchesTask(const storage::v1::EventRecord& event) const;
  // By the expression; true without one, false where it cannot be worked out.
  bool Holds(config::FieldValues& event) const;

  bool has_where() const { return where_.has_value(); }
  // Of 16 bytes each; empty: all tasks.
  const absl::flat_hash_set<std::string>& task_ids() const { return task_ids_; }
  // What the filter was made of. Equal for filters that match the same because they say the same.
  const std::string& text() const { return text_; }

  // Whether an event of such tasks could match; both names empty: an event of no task.
  bool MayMatch(std::string_view namespace_name, std::string_view task_name) const;

  // Whether a task of such priority and labels could have events that match: namespace, task name,
  // task ids, priorities and tags.
  bool MatchesTask(std::string_view task_id, const storage::v1::TaskRecord& task) const;

 private:
  absl::Status ReadKinds(const v1::EventFilter& filter);
  absl::Status ReadTasks(const v1::EventFilter& filter);
  bool WantsOfTasks() const { return !task_ids_.empty() || priorities_ != 0 || !tags_.empty(); }
  bool HasPriority(std::uint32_t priority) const {
    return priority < 32 && (priorities_ >> priority & 1) != 0;
  }

  std::string text_;
  std::vector<std::string> names_;
  absl::flat_hash_set<std::string> task_ids_;
  std::string namespace_;
  std::string task_name_;
  std::vector<std::string> categories_;
  // A bit each; 0: all.
  std::uint32_t priorities_ = 0;
  std::vector<std::string> tags_;
  std::optional<config::FieldCondition> where_;
};

}  // namespace tasker::service
