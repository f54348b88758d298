#include "engine/events/event_rules.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

#include "engine/events/event_names.h"

namespace tasker::engine {
namespace {

// Names that a message gives of those declared.
constexpr std::size_t kNamesToldMax = 10;

const CustomEvent* Declared(std::span<const CustomEvent> events, std::string_view name) {
  const auto found = std::ranges::find(events, name, &CustomEvent::name);
  return found == events.end() ? nullptr : &*found;
}

// The service itself declares it.
bool IsBuiltIn(std::string_view name) { return name == event_names::kCustomStepCompleted; }

absl::Status CheckPayload(const CustomEvent& declared, const PublishedEvent& event) {
  return declared.rules == nullptr ? absl::OkStatus() : declared.rules->Check(View(event.payload));
}

void AppendNames(std::span<const CustomEvent> events, std::vector<std::string>& names) {
  for (const CustomEvent& each : events) names.push_back(each.name);
}

std::string TheyAre(const std::vector<std::string>& names) {
  if (names.empty()) return "it declares none";
  std::string text = "it declares ";
  for (std::size_t i = 0; i < names.size() && i < kNamesToldMax; ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ", ", names[i]);
  }
  if (names.size() > kNamesToldMax) absl::StrAppend(&text, ", ...");
  return text;
}

std::string Undeclared(std::string_view who, const PublishedEvent& event,
                       const std::vector<std::string>& names) {
  return absl::StrCat(std::string(who), " declares no event ", event.name,
                      ", and the service takes no others (its setting events.undeclared); ",
                      TheyAre(names));
}

}  // namespace

absl::Status CheckEvents(const TaskTemplate& task_template, const StepTemplate& step,
                         std::span<const PublishedEvent> events, bool only_declared) {
  for (std::size_t i = 0; i < events.size(); ++i) {
    const CustomEvent* declared = Declared(step.custom_events, events[i].name);
    if (declared == nullptr) declared = Declared(task_template.custom_events, events[i].name);
    if (declared == nullptr) {
      if (!only_declared || IsBuiltIn(events[i].name)) continue;
      std::vector<std::string> names;
      AppendNames(step.custom_events, names);
      AppendNames(task_template.custom_events, names);
      return absl::InvalidArgumentError(absl::StrCat(
          "events[", i,
          "].name: ", Undeclared(absl::StrCat("step `", step.name, "`"), events[i], names)));
    }
    if (const absl::Status fits = CheckPayload(*declared, events[i]); !fits.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("events[", i, "].payload: is not what step `",
                                                     step.name, "` declares of ", events[i].name,
                                                     ":\n  ", std::string(fits.message())));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckEvent(const TaskTemplate& task_template, const PublishedEvent& event,
                        bool only_declared) {
  absl::Status broken;
  std::vector<std::string> names;
  const auto allows = [&](std::span<const CustomEvent> events) {
    AppendNames(events, names);
    const CustomEvent* declared = Declared(events, event.name);
    if (declared == nullptr) return false;
    absl::Status fits = CheckPayload(*declared, event);
    if (!fits.ok() && broken.ok()) broken = fits;
    return fits.ok();
  };
  if (allows(task_template.custom_events)) return absl::OkStatus();
  for (const StepTemplate& step : task_template.steps) {
    if (allows(step.custom_events)) return absl::OkStatus();
  }
  const std::string id = task_template.id.ToString();
  if (!broken.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("event.payload: is not what ", id,
                                                   " declares of ", event.name, ":\n  ",
                                                   std::string(broken.message())));
  }
  if (!only_declared || IsBuiltIn(event.name)) return absl::OkStatus();
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  return absl::FailedPreconditionError(
      absl::StrCat("event.name: ", Undeclared(absl::StrCat("the template ", id), event, names)));
}

}  // namespace tasker::engine
