#include "service/events/event_filter.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

#include "config/events/event_catalog.h"
#include "config/events/event_name.h"
#include "engine/model/ids.h"

namespace tasker::service {
namespace {

constexpr auto& kCategories = config::kEventCategories;

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

std::string_view CategoryOf(std::string_view event_name) {
  return config::EventCategoryOf(event_name);
}

absl::StatusOr<EventFilter> EventFilter::Make(const v1::EventFilter& filter) {
  EventFilter made;
  for (int i = 0; i < filter.names_size(); ++i) {
    if (!IsNamePattern(filter.names(i))) {
      return absl::InvalidArgumentError(absl::StrCat(
          "filter.names[", i, "]: \"", absl::CHexEscape(filter.names(i)),
          "\" is not an event name or pattern: lower-case letters, digits, `_`, `.` and `*`"));
    }
    made.names_.emplace_back(config::EventCatalog::BuiltIn().Canonical(filter.names(i)));
  }
  for (int i = 0; i < filter.task_ids_size(); ++i) {
    const std::optional<engine::TaskId> id = engine::TaskId::Parse(filter.task_ids(i));
    if (!id) {
      return absl::InvalidArgumentError(absl::StrCat("filter.task_ids[", i, "]: \"",
                                                     absl::CHexEscape(filter.task_ids(i)),
                                                     "\" is not a UUID"));
    }
    made.task_ids_.emplace(id->bytes());
  }
  for (int i = 0; i < filter.categories_size(); ++i) {
    if (std::ranges::find(kCategories, filter.categories(i)) == kCategories.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("filter.categories[", i, "]: \"", absl::CHexEscape(filter.categories(i)),
                       "\" is not one of task, step, workflow, observability, registry, custom"));
    }
    made.categories_.push_back(filter.categories(i));
  }
  made.namespace_ = filter.namespace_();
  made.task_name_ = filter.task_name();
  return made;
}

bool EventFilter::MayMatch(std::string_view namespace_name, std::string_view task_name) const {
  if (!task_ids_.empty() && namespace_name.empty()) return false;
  return (namespace_.empty() || namespace_ == namespace_name) &&
         (task_name_.empty() || task_name_ == task_name);
}

bool EventFilter::Matches(const storage::v1::EventRecord& event) const {
  // Retention leaves nothing but the place of an event that it has removed among others.
  if (event.name().empty()) return false;
  if (!task_ids_.empty() && !task_ids_.contains(event.task_id())) return false;
  if (!namespace_.empty() && event.namespace_() != namespace_) return false;
  if (!task_name_.empty() && event.task_name() != task_name_) return false;
  if (!categories_.empty() &&
      std::ranges::find(categories_, CategoryOf(event.name())) == categories_.end()) {
    return false;
  }
  return names_.empty() || std::ranges::any_of(names_, [&](const std::string& pattern) {
           return MatchesPattern(pattern, event.name());
         });
}

}  // namespace tasker::service
