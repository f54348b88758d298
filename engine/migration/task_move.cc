#include "engine/migration/task_move.h"

#include <utility>
#include <vector>

#include "engine/model/invariant.h"
#include "engine/tasks/record_codec.h"

namespace tasker::engine {
namespace {

std::uint32_t SizeOf(const TaskRun& task) {
  return static_cast<std::uint32_t>(task.steps.size() + task.items.size());
}

// For each step and item, whether it has a record.
std::vector<bool> Recorded(const TaskRun& task) {
  std::vector<bool> recorded(SizeOf(task));
  for (std::uint32_t i = 0; i < recorded.size(); ++i) {
    recorded[i] = task.at(StepIndex{i}).record_bytes > 0;
  }
  return recorded;
}

// The place of each step and item before the move, by its place after it.
std::vector<std::optional<StepIndex>> PlacesBefore(const TaskRun& task, const VersionDiff& diff) {
  std::vector<std::optional<StepIndex>> before(diff.to()->steps.size() + task.items.size());
  for (std::uint32_t i = 0; i < SizeOf(task); ++i) {
    if (const auto after = PlaceAfter(diff, StepIndex{i})) before[Raw(*after)] = StepIndex{i};
  }
  return before;
}

void PlaceSteps(TaskRun& task, const VersionDiff& diff) {
  std::vector<StepRun> steps(diff.to()->steps.size());
  for (std::uint32_t i = 0; i < task.steps.size(); ++i) {
    StepRun& run = task.steps[i];
    if (Items* items = run.items()) {
      items->first = Raw(*PlaceAfter(diff, StepIndex{items->first}));
    }
    if (const auto after = diff.After(StepIndex{i})) {
      steps[Raw(*after)] = std::move(run);
    } else {
      task.records_bytes -= run.record_bytes;
    }
  }
  for (const std::unique_ptr<StepRun>& item : task.items) {
    if (item->is_item()) item->extras->item_of = diff.After(*item->extras->item_of);
  }
  task.steps = std::move(steps);
}

// The token of the newest attempt names the place before the move, or one before that.
void KeepToken(TaskRun& task, StepIndex before, StepIndex after) {
  StepRun& run = task.at(after);
  const bool elsewhere = run.extras != nullptr && run.extras->token_step.has_value();
  if (run.nonce == 0 || (before == after && !elsewhere)) return;
  StepExtras& extras = run.More();
  if (!elsewhere) extras.token_step = before;
  if (extras.token_step == after) {
    extras.token_step.reset();
  } else {
    task.renumbered.push_back(after);
  }
}

void Renumber(TaskRun& task, const VersionDiff& diff, Changes& changes) {
  const std::vector<bool> recorded_before = Recorded(task);
  const std::vector<std::optional<StepIndex>> places = PlacesBefore(task, diff);
  const bool items_move = diff.from().steps.size() != diff.to()->steps.size();
  std::vector<bool> changed(places.size(), false);
  for (const StepIndex step : changes.Renumber(task)) {
    if (const auto after = PlaceAfter(diff, step)) changed[Raw(*after)] = true;
  }
  PlaceSteps(task, diff);
  task.renumbered.clear();
  const std::vector<bool> recorded = Recorded(task);
  for (std::uint32_t i = 0; i < places.size(); ++i) {
    const StepIndex step{i};
    if (!places[i] || !recorded[i]) continue;
    KeepToken(task, *places[i], step);
    const bool items = task.at(step).items() != nullptr && items_move;
    if (changed[i] || items || *places[i] != step) changes.Save(task, step);
  }
  for (std::uint32_t i = 0; i < recorded_before.size(); ++i) {
    if (!recorded_before[i] || (i < recorded.size() && recorded[i])) continue;
    changes.Vacate(task, StepIndex{i});
  }
}

}  // namespace

std::optional<StepIndex> PlaceAfter(const VersionDiff& diff, StepIndex before) {
  const std::size_t steps = diff.from().steps.size();
  if (Raw(before) < steps) return diff.After(before);
  return StepIndex{static_cast<std::uint32_t>(Raw(before) - steps + diff.to()->steps.size())};
}

void MoveTo(TaskRun& task, const VersionDiff& diff, Changes& changes) {
  if (!diff.keeps_places()) Renumber(task, diff, changes);
  task.earlier_versions.push_back(diff.from().id.version);
  task.task_template = diff.to();
  task.counts = StepCounts();
  task.counts.total = static_cast<std::uint32_t>(task.steps.size());
  for (const StepRun& run : task.steps) task.counts.Move(StepState::kPending, run.state);
  CountParents(task);
}

}  // namespace tasker::engine
