// Which events a subscriber wants.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"

#include "tasker/storage/v1/records.pb.h"
#include "tasker/v1/event_service.pb.h"

namespace tasker::service {

// Whether `text` matches `pattern`, in which `*` stands for any characters, also none. Time:
// O(text * stars).
bool MatchesPattern(std::string_view pattern, std::string_view text);

// What comes before the first dot of an event's name; `registry` for `handler.*` and
// `subscriber.*`.
std::string_view CategoryOf(std::string_view event_name);

// A checked filter. Immutable; safe to use from several threads.
class EventFilter {
 public:
  // Matches everything.
  EventFilter() = default;

  // Error: INVALID_ARGUMENT for a malformed pattern, category or task id; the message says where.
  static absl::StatusOr<EventFilter> Make(const v1::EventFilter& filter);

  bool Matches(const storage::v1::EventRecord& event) const;

  // Whether an event of such tasks could match; both names empty: an event of no task.
  bool MayMatch(std::string_view namespace_name, std::string_view task_name) const;

 private:
  std::vector<std::string> names_;
  absl::flat_hash_set<std::string> task_ids_;
  std::string namespace_;
  std::string task_name_;
  std::vector<std::string> categories_;
};

}  // namespace tasker::service
