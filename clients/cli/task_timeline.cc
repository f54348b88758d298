#include "clients/cli/task_timeline.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include <nlohmann/json.hpp>

#include "clients/cli/time_text.h"

namespace tasker::cli {
namespace {

// What a step's change of state is called, where there is more to say than both names.
struct Wording {
  const char* from;
  const char* to;
  const char* text;
};

// The first that fits; an empty `from` fits any.
constexpr Wording kWordings[] = {
    {"enqueued", "in_progress", "attempt $ started"},
    {"in_progress", "complete", "attempt $ complete"},
    {"in_progress", "waiting_for_retry", "attempt $ failed, tries again"},
    {"in_progress", "error", "attempt $ failed for good"},
    {"waiting_for_retry", "enqueued", "ready for attempt $"},
    {"", "enqueued", "ready"},
    {"", "complete", "complete"},
    {"", "error", "failed"},
    {"", "cancelled", "cancelled"},
    {"", "skipped", "skipped"},
    {"", "resolved_manually", "resolved by hand"},
};

std::string WithAttempt(std::string text, std::uint32_t attempt) {
  const std::size_t place = text.find('$');
  if (place != std::string::npos) text.replace(place, 1, absl::StrCat(attempt));
  return text;
}

std::string WhatOf(const v1::HistoryEntry& entry) {
  if (!entry.from_version().empty()) {
    return absl::StrCat("moved from version ", entry.from_version(), " to ", entry.to_version());
  }
  if (entry.from() == entry.to()) return absl::StrCat("noted while ", entry.to());
  if (entry.from().empty()) return absl::StrCat("created ", entry.to());
  if (!entry.step_name().empty()) {
    for (const Wording& wording : kWordings) {
      if (entry.to() == wording.to && (*wording.from == '\0' || entry.from() == wording.from)) {
        // The attempt that a step gets ready for is the next one.
        const bool next = entry.from() == "waiting_for_retry";
        return WithAttempt(wording.text, entry.attempt() + (next ? 1 : 0));
      }
    }
  }
  return absl::StrCat(entry.from(), " -> ", entry.to());
}

// Follows each step, and the task, from state to state.
class Follower {
 public:
  explicit Follower(Timeline* timeline) : timeline_(*timeline) {}

  // What the events of a commit, which come with its first change, say of the changes in it.
  void Note(const v1::HistoryEntry& entry) {
    if (entry.events().empty()) return;
    given_to_.clear();
    backoff_.clear();
    for (const v1::Event& event : entry.events()) {
      const nlohmann::json payload = nlohmann::json::parse(event.payload(), nullptr, false);
      if (!payload.is_object()) continue;
      if (event.name() == "step.execution_requested") {
        const auto name = payload.find("handler_name");
        if (name != payload.end() && name->is_string()) given_to_[event.step_name()] = *name;
      } else if (event.name() == "observability.step.backoff") {
        const auto wait = payload.find("backoff_seconds");
        if (wait != payload.end() && wait->is_number()) {
          backoff_[event.step_name()] = absl::Seconds(wait->get<double>());
        }
      }
    }
  }

  void Take(const v1::HistoryEntry& entry) {
    const absl::Time at = ToTime(entry.at());
    Begin(at);
    TimelineRow row{at,           at - began_,   entry.step_name(), WhatOf(entry),
                    std::nullopt, entry.actor(), entry.reason()};
    const bool changed = entry.from() != entry.to();
    if (const auto since = since_.find(entry.step_name()); since != since_.end() && changed) {
      row.took = at - since->second;
    }
    if (changed) since_[entry.step_name()] = at;
    if (!entry.step_name().empty()) {
      Count(entry, row.took.value_or(absl::ZeroDuration()));
      Explain(entry, row);
    }
    timeline_.rows.push_back(std::move(row));
  }

  void Take(const v1::Event& event) {
    const absl::Time at = ToTime(event.timestamp());
    Begin(at);
    timeline_.rows.push_back({at, at - began_, event.step_name(),
                              absl::StrCat("event ", event.name()), std::nullopt, "",
                              event.payload()});
  }

 private:
  void Begin(absl::Time at) {
    if (timeline_.rows.empty()) began_ = at;
  }

  void Explain(const v1::HistoryEntry& entry, TimelineRow& row) const {
    if (entry.to() == "in_progress") {
      const auto handler = given_to_.find(entry.step_name());
      if (handler != given_to_.end()) row.detail = absl::StrCat("at ", handler->second);
    } else if (entry.to() == "waiting_for_retry") {
      const auto backoff = backoff_.find(entry.step_name());
      if (backoff == backoff_.end()) return;
      absl::StrAppend(&row.what, " in ", DurationText(backoff->second));
    }
  }

  void Count(const v1::HistoryEntry& entry, absl::Duration took) {
    const auto [place, added] = place_of_.try_emplace(entry.step_name(), timeline_.steps.size());
    if (added) timeline_.steps.emplace_back().step = entry.step_name();
    StepTimes& step = timeline_.steps[place->second];
    step.state = entry.to();
    step.attempts = std::max(step.attempts, entry.attempt());
    if (entry.from() == entry.to()) return;
    if (entry.from() == "enqueued") step.queued += took;
    if (entry.from() == "waiting_for_retry") step.backoff += took;
    if (entry.from() != "in_progress") return;
    step.running += took;
    if (entry.to() == "waiting_for_retry" || entry.to() == "error") ++step.failed;
  }

  Timeline& timeline_;
  absl::Time began_;
  // By step, since when it has been in its state.
  std::map<std::string, absl::Time> since_;
  // By step, of the commit at hand.
  std::map<std::string, std::string> given_to_;
  std::map<std::string, absl::Duration> backoff_;
  // Of each step in timeline_.steps.
  std::map<std::string, std::size_t> place_of_;
};

}  // namespace

Timeline Timeline::Of(const google::protobuf::RepeatedPtrField<v1::HistoryEntry>& entries) {
  Timeline timeline;
  Follower follower(&timeline);
  for (const v1::HistoryEntry& entry : entries) {
    follower.Note(entry);
    // What was published in a commit comes before what the commit made of it.
    for (const v1::Event& event : entry.events()) {
      if (event.category() == "custom") follower.Take(event);
    }
    follower.Take(entry);
  }
  return timeline;
}

std::string Timeline::Summary() const {
  if (rows.empty()) return "nothing is kept of its history";
  std::uint32_t attempts = 0;
  std::uint32_t failed = 0;
  for (const StepTimes& step : steps) {
    attempts += step.attempts;
    failed += step.failed;
  }
  std::string text =
      absl::StrCat(DurationText(rows.back().after), " from first to last: ", steps.size(),
                   steps.size() == 1 ? " step, " : " steps, ", attempts,
                   attempts == 1 ? " attempt" : " attempts");
  if (failed > 0) absl::StrAppend(&text, ", ", failed, " of them failed");
  return text;
}

}  // namespace tasker::cli
