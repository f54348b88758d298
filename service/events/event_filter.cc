#include "service/events/event_filter.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

#include "config/events/event_catalog.h"
#include "config/events/event_name.h"
#include "engine/model/ids.h"
#include "engine/model/priority.h"
#include "engine/tasks/record_codec.h"
#include "service/events/event_fields.h"
#include "service/events/event_mirrors.h"
#include "service/events/event_view.h"
#include "service/tasks/tag_limits.h"

namespace tasker::service {
namespace {

constexpr auto& kCategories = config::kEventCategories;

constexpr int kNamesMax = 100;
constexpr int kTaskIdsMax = 1000;

absl::Status Wrong(std::string_view field, int index, std::string_view value,
                   std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("filter.", std::string(field), "[", index, "]: \"",
                                                 absl::CHexEscape(std::string(value)), "\" ",
                                                 std::string(why)));
}

absl::Status CheckCount(std::string_view field, int count, int max) {
  if (count <= max) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("filter.", std::string(field), ": ", count, " are over the limit of ", max));
}

// Whether one of the patterns asks for the mirrors of a category: as a whole name, or by beginning
// with the category and a dot.
bool AsksForMirror(std::string_view pattern, std::string_view name, std::string_view category) {
  if (!MatchesPattern(pattern, name)) return false;
  return pattern == name || (pattern.size() > category.size() && pattern.starts_with(category) &&
                             pattern[category.size()] == '.');
}

bool IsNamePattern(std::string_view pattern) {
  return !pattern.empty() && std::ranges::all_of(pattern, [](char c) {
    return absl::ascii_islower(static_cast<unsigned char>(c)) ||
           absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '*';
  });
}

}  // namespace

bool MatchesPattern(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  // Where to go on if the last star has to take one character more.
  std::size_t star = std::string_view::npos;
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

absl::StatusOr<EventFilter> EventFilter::Make(const v1::EventFilter& filter) {
  EventFilter made;
  made.text_ = filter.SerializeAsString();
  if (absl::Status kinds = made.ReadKinds(filter); !kinds.ok()) return kinds;
  if (absl::Status tasks = made.ReadTasks(filter); !tasks.ok()) return tasks;
  if (!filter.where().empty()) {
    absl::StatusOr<config::FieldCondition> where =
        config::FieldCondition::Compile(filter.where(), kEventFields);
    if (!where.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("filter.where: ", std::string(where.status().message())));
    }
    made.where_ = *std::move(where);
  }
  return made;
}

absl::Status EventFilter::ReadKinds(const v1::EventFilter& filter) {
  if (absl::Status few = CheckCount("names", filter.names_size(), kNamesMax); !few.ok()) return few;
  for (int i = 0; i < filter.names_size(); ++i) {
    if (!IsNamePattern(filter.names(i))) {
      return Wrong("names", i, filter.names(i),
                   "is not an event name or pattern: lower-case letters, digits, `_`, `.` and `*`");
    }
    names_.emplace_back(config::EventCatalog::BuiltIn().Canonical(filter.names(i)));
  }
  for (int i = 0; i < filter.categories_size(); ++i) {
    if (std::ranges::find(kCategories, filter.categories(i)) == kCategories.end()) {
      return Wrong("categories", i, filter.categories(i),
                   "is not one of task, step, workflow, observability, registry, custom");
    }
    if (std::ranges::find(categories_, filter.categories(i)) == categories_.end()) {
      categories_.push_back(filter.categories(i));
    }
  }
  namespace_ = filter.namespace_();
  task_name_ = filter.task_name();
  return absl::OkStatus();
}

absl::Status EventFilter::ReadTasks(const v1::EventFilter& filter) {
  absl::Status few = CheckCount("task_ids", filter.task_ids_size(), kTaskIdsMax);
  few.Update(CheckCount("tags", filter.tags_size(), kTagsMax));
  if (!few.ok()) return few;
  for (int i = 0; i < filter.task_ids_size(); ++i) {
    const std::optional<engine::TaskId> id = engine::TaskId::Parse(filter.task_ids(i));
    if (!id) return Wrong("task_ids", i, filter.task_ids(i), "is not a UUID");
    task_ids_.emplace(id->bytes());
  }
  for (int i = 0; i < filter.priorities_size(); ++i) {
    if (filter.priorities(i) > engine::kPriorityMax) {
      return absl::InvalidArgumentError(absl::StrCat(
          "filter.priorities[", i, "]: ", filter.priorities(i), " is not a priority from 0 to 9"));
    }
    priorities_ |= 1u << filter.priorities(i);
  }
  for (int i = 0; i < filter.tags_size(); ++i) {
    if (filter.tags(i).empty() || filter.tags(i).size() > kTagBytesMax) {
      return Wrong("tags", i, filter.tags(i), "is not a label of 1 to 128 bytes");
    }
    tags_.push_back(filter.tags(i));
  }
  return absl::OkStatus();
}

bool EventFilter::MayMatch(std::string_view namespace_name, std::string_view task_name) const {
  if (WantsOfTasks() && task_name.empty()) return false;
  return (namespace_.empty() || namespace_ == namespace_name) &&
         (task_name_.empty() || task_name_ == task_name);
}

bool EventFilter::Matches(const storage::v1::EventRecord& event, const EventCursor& place) const {
  // Retention leaves nothing but the place of an event that it has removed among others.
  if (event.name().empty()) return false;
  const std::optional<std::string_view> name = NameOfFacet(event.name(), place.facet);
  if (!name) return false;
  const EventKind kind{*name, place.facet > 0, event.namespace_(), event.task_name()};
  if (!MatchesTask(event) || !MatchesKind(kind)) return false;
  if (!where_) return true;
  const v1::Event shown = ViewOf(event, place);
  EventFields fields(shown);
  return Holds(fields);
}

bool EventFilter::MatchesKind(const EventKind& kind) const {
  if (!namespace_.empty() && kind.namespace_name != namespace_) return false;
  if (!task_name_.empty() && kind.task_name != task_name_) return false;
  const std::string_view category = config::EventCategoryOf(kind.name);
  if (!categories_.empty() && std::ranges::find(categories_, category) == categories_.end()) {
    return false;
  }
  if (kind.is_mirror && categories_.empty()) {
    return std::ranges::any_of(names_, [&](const std::string& pattern) {
      return AsksForMirror(pattern, kind.name, category);
    });
  }
  return names_.empty() || std::ranges::any_of(names_, [&](const std::string& pattern) {
           return MatchesPattern(pattern, kind.name);
         });
}

bool EventFilter::MatchesTask(const storage::v1::EventRecord& event) const {
  if (!task_ids_.empty() && !task_ids_.contains(event.task_id())) return false;
  if (priorities_ != 0 &&
      (event.priority_plus_one() == 0 || !HasPriority(event.priority_plus_one() - 1))) {
    return false;
  }
  return std::ranges::all_of(tags_, [&](const std::string& tag) {
    return std::ranges::find(event.tags(), tag) != event.tags().end();
  });
}

bool EventFilter::MatchesTask(std::string_view task_id, const storage::v1::TaskRecord& task) const {
  if (!task_ids_.empty() && !task_ids_.contains(std::string(task_id))) return false;
  if (!namespace_.empty() && task.namespace_() != namespace_) return false;
  if (!task_name_.empty() && task.name() != task_name_) return false;
  if (priorities_ != 0 && !HasPriority(Raw(engine::PriorityOf(task)))) return false;
  return std::ranges::all_of(tags_, [&](const std::string& tag) {
    return std::ranges::find(task.tags(), tag) != task.tags().end();
  });
}

bool EventFilter::Holds(config::FieldValues& event) const {
  if (!where_) return true;
  const absl::StatusOr<bool> holds = where_->Test(event);
  return holds.ok() && *holds;
}

}  // namespace tasker::service
