#include "clients/cli/generate/event_names.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

#include "config/events/event_catalog.h"
#include "config/events/event_name.h"
#include "config/spelling.h"

namespace tasker::cli::generate {
namespace {

const config::EventCatalog& Catalog() { return config::EventCatalog::BuiltIn(); }

// Whether `name` is what `pattern` stands for, `*` being any characters. Time: O(|pattern|*|name|).
bool Matches(std::string_view pattern, std::string_view name) {
  std::vector<bool> ends(name.size() + 1, false);
  ends[0] = true;
  for (const char c : pattern) {
    if (c == '*') {
      for (std::size_t i = 1; i < ends.size(); ++i) ends[i] = ends[i] || ends[i - 1];
      continue;
    }
    for (std::size_t i = ends.size() - 1; i > 0; --i) ends[i] = ends[i - 1] && name[i - 1] == c;
    ends[0] = false;
  }
  return ends.back();
}

absl::Status Wrong(const std::string& name, const std::string& why) {
  return absl::InvalidArgumentError(absl::StrCat("event `", name, "`: ", why));
}

// Empty if `name` is made of dotted words in lower case, or is a pattern of them.
std::string FaultOf(const std::string& name) {
  if (name.empty()) return "a name is missing";
  if (name.size() > config::kEventNameBytesMax) {
    return absl::StrCat("a name has at most ", config::kEventNameBytesMax, " bytes");
  }
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (!absl::ascii_islower(byte) && !absl::ascii_isdigit(byte) && c != '_' && c != '.' &&
        c != '*') {
      return "a name is made of lower-case words and dots, as in `task.completed`";
    }
  }
  if (name == "*") return "";
  const std::vector<std::string> words = absl::StrSplit(name, '.');
  if (words.size() < 2 && name.find('*') == std::string::npos) {
    return "a name has at least two words, as in `task.completed`";
  }
  for (const std::string& word : words) {
    const bool starts =
        !word.empty() &&
        (absl::ascii_islower(static_cast<unsigned char>(word[0])) || word[0] == '*');
    if (!starts) return "each of its words begins with a letter, as in `task.completed`";
  }
  return "";
}

bool IsOfTheService(const std::string& name) { return config::EventCategoryOf(name) != "custom"; }

// Two slips at most: `tsk.completed`, but not `order.completed`.
std::string RemarkOnOwn(const std::string& name, const std::vector<std::string>& known) {
  const auto nearest = config::NearestSpelling(name, known);
  if (!nearest || config::EditDistance(name, *nearest) > 2) return "";
  return absl::StrCat("`", name, "` is taken for an event of your own; did you mean `", *nearest,
                      "`?");
}

absl::StatusOr<SubscribedEvent> Check(const std::string& name,
                                      const std::vector<std::string>& known) {
  if (const std::string fault = FaultOf(name); !fault.empty()) return Wrong(name, fault);
  SubscribedEvent event;
  event.name = name;
  event.is_pattern = name.find('*') != std::string::npos;
  const bool known_here = std::any_of(known.begin(), known.end(), [&](const std::string& one) {
    return event.is_pattern ? Matches(name, one) : name == one;
  });
  if (known_here) return event;
  if (IsOfTheService(name)) {
    if (const auto why = Catalog().WhyAbsent(name); !why.empty()) {
      return Wrong(name, absl::StrCat("the Rails engine's, and none here. ", std::string(why)));
    }
    std::string nearest = config::DidYouMean(name, known);
    if (nearest.empty()) nearest = absl::StrCat("; there are ", absl::StrJoin(known, ", "));
    return Wrong(name, "the service tells of nothing by this name" + nearest);
  }
  if (!event.is_pattern) event.remark = RemarkOnOwn(name, known);
  return event;
}

// What is known is a better example than what is made up.
std::string SampleOf(const std::string& pattern, const std::vector<SubscribedEvent>& events) {
  std::vector<std::string> candidates;
  for (const config::EventDefinition& event : Catalog().events()) candidates.push_back(event.name);
  candidates.push_back(absl::StrReplaceAll(pattern, {{"*", "happened"}}));
  for (const std::string& name : candidates) {
    const bool asked_for = std::any_of(events.begin(), events.end(),
                                       [&](const auto& event) { return event.name == name; });
    if (!asked_for && Matches(pattern, name)) return name;
  }
  return "";
}

}  // namespace

std::string SubscribedEvent::Snake() const { return absl::StrReplaceAll(name, {{".", "_"}}); }

absl::StatusOr<std::vector<SubscribedEvent>> CheckEvents(const std::vector<std::string>& names) {
  const std::vector<std::string>& known = Catalog().names();
  if (names.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--events is missing: which events? There are ", absl::StrJoin(known, ", "),
                     ", patterns such as step.*, and events of your own, such as order.paid"));
  }
  std::vector<SubscribedEvent> events;
  for (const std::string& name : names) {
    auto event = Check(name, known);
    if (!event.ok()) return event.status();
    const bool repeated =
        std::any_of(events.begin(), events.end(),
                    [&](const SubscribedEvent& one) { return one.name == event->name; });
    if (!repeated) events.push_back(*std::move(event));
  }
  // Two names may call one method: `order.paid_late` and `order.paid.late`.
  for (std::size_t i = 0; i < events.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (events[i].is_pattern || events[j].is_pattern) continue;
      if (events[i].Snake() == events[j].Snake()) {
        return Wrong(events[i].name, absl::StrCat("is handled by the same method as `",
                                                  events[j].name, "`; subscribe to one of them"));
      }
    }
  }
  for (SubscribedEvent& event : events) {
    if (event.is_pattern) event.sample = SampleOf(event.name, events);
  }
  return events;
}

}  // namespace tasker::cli::generate
