#include "engine/tasks/task_run.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tasker::engine {

StepExtras& StepRun::More() {
  if (extras == nullptr) extras = std::make_unique<StepExtras>();
  return *extras;
}

void StepCounts::Move(StepState from, StepState to) {
  if (std::uint32_t* count = CountOf(from)) --*count;
  if (std::uint32_t* count = CountOf(to)) ++*count;
}

std::uint32_t* StepCounts::CountOf(StepState state) {
  switch (state) {
    case StepState::kEnqueued:
      return &enqueued;
    case StepState::kInProgress:
      return &in_progress;
    case StepState::kWaitingForRetry:
      return &waiting_for_retry;
    case StepState::kError:
      return &error;
    case StepState::kCancelled:
      return &cancelled;
    case StepState::kComplete:
    case StepState::kSkipped:
    case StepState::kResolvedManually:
      return &done;
    case StepState::kPending:
      return nullptr;
  }
  return nullptr;
}

AttemptToken TaskRun::TokenOf(StepIndex step) const {
  const StepRun& run = at(step);
  const StepIndex place = run.extras == nullptr ? step : run.extras->token_step.value_or(step);
  return {id, place, run.attempts, run.nonce};
}

std::optional<StepIndex> TaskRun::StepOf(const AttemptToken& token) const {
  if (token.nonce == 0) return std::nullopt;
  if (has(token.step) && TokenOf(token.step) == token) return token.step;
  const auto found =
      std::ranges::find_if(renumbered, [&](StepIndex step) { return TokenOf(step) == token; });
  return found == renumbered.end() ? std::nullopt : std::optional(*found);
}

std::optional<StepIndex> TaskRun::StepRunning(const TaskId& sub_task, StepIndex place) const {
  const auto runs = [&](StepIndex step) {
    const StepRun& run = at(step);
    return run.state == StepState::kInProgress && run.extras != nullptr &&
           run.extras->sub_task == sub_task;
  };
  if (has(place) && runs(place)) return place;
  // Asked for before the task was moved.
  const auto all = static_cast<std::uint32_t>(steps.size() + items.size());
  for (std::uint32_t i = 0; i < all && moves() > 0; ++i) {
    if (runs(StepIndex{i})) return StepIndex{i};
  }
  return std::nullopt;
}

std::string TaskRun::NameOf(StepIndex step) const {
  const std::string& name = TemplateOf(step).name;
  return Raw(step) < steps.size() ? name
                                  : absl::StrCat(name, "[", at(step).extras->item_index, "]");
}

std::optional<StepIndex> TaskRun::Find(std::string_view name) const {
  const auto find = [&](std::string_view plain) -> std::optional<StepIndex> {
    const auto found = std::ranges::find(task_template->steps, plain, &StepTemplate::name);
    if (found == task_template->steps.end()) return std::nullopt;
    return StepIndex{static_cast<std::uint32_t>(found - task_template->steps.begin())};
  };
  if (const auto step = find(name)) return step;
  const std::size_t bracket = name.rfind('[');
  std::uint32_t place = 0;
  if (bracket == std::string_view::npos || !name.ends_with(']') ||
      !absl::SimpleAtoi(std::string(name.substr(bracket + 1, name.size() - bracket - 2)), &place)) {
    return std::nullopt;
  }
  const auto step = find(name.substr(0, bracket));
  const Items* of = step ? at(*step).items() : nullptr;
  if (of == nullptr || place >= of->size()) return std::nullopt;
  return StepIndex{of->first + place};
}

}  // namespace tasker::engine
