#include "engine/migration/move_plan.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"

#include "engine/flow/decision.h"
#include "engine/flow/step_scope.h"

namespace tasker::engine {
namespace {

using Kind = VersionChange::Kind;

bool IsActive(StepState state) {
  return state == StepState::kEnqueued || state == StepState::kInProgress ||
         state == StepState::kWaitingForRetry;
}

// Whether anything of the step has happened that a move must keep: an attempt, results, items.
bool HasRun(const StepRun& run) {
  return run.state == StepState::kInProgress || run.state == StepState::kComplete ||
         run.state == StepState::kResolvedManually || run.started_at != kNever ||
         run.last_failure != nullptr || run.items() != nullptr;
}

// Whether the step cannot be missed: it has run, or somebody decided what became of it.
bool IsNeeded(const StepRun& run) {
  return HasRun(run) || run.state == StepState::kError || run.state == StepState::kCancelled;
}

// A task as the expressions of the new version see it.
class MovedScope final : public ExpressionScope {
 public:
  MovedScope(const VersionDiff& diff, const TaskRun& task) : diff_(diff), task_(task) {}

  std::string_view Context() const override { return View(task_.context); }
  std::string_view ResultsOf(StepIndex step) const override {
    const std::optional<StepIndex> before = diff_.Before(step);
    if (!before || !IsDone(task_.at(*before).state)) return {};
    return View(task_.at(*before).results);
  }
  std::string_view Item() const override { return {}; }

 private:
  const VersionDiff& diff_;
  const TaskRun& task_;
};

// Makes one plan.
class Planner {
 public:
  Planner(const VersionDiff& diff, const TaskRun& task, Timestamp now)
      : diff_(diff), task_(task), now_(now), scope_(diff, task) {}

  MovePlan Make() {
    PlanTask();
    for (std::uint32_t i = 0; i < diff_.from().steps.size(); ++i) {
      if (!diff_.After(StepIndex{i})) PlanRemoval(StepIndex{i});
    }
    for (std::uint32_t i = 0; i < diff_.to()->steps.size(); ++i) {
      if (const StepPair* pair = diff_.PairAt(StepIndex{i})) {
        PlanStep(*pair);
      } else {
        plan_.changes.push_back({Kind::kStepAdded, diff_.to()->steps[i].name, ""});
      }
    }
    PlanTurns();
    return std::move(plan_);
  }

 private:
  void Block(const std::string& step, std::string why) {
    plan_.obstacles.push_back({step, std::move(why)});
  }
  // `step `a` is complete`, followed by `why`.
  void BlockStep(const std::string& name, const StepRun& run, std::string_view why) {
    Block(name,
          absl::StrCat("step `", name, "` is ", std::string(NameOf(run.state)), std::string(why)));
  }

  void PlanTask() {
    plan_.changes = diff_.changes();
    if (task_.cancel) Block("", "the task is being cancelled");
    if (task_.compensating) Block("", "the task failed, and what it did is being undone");
    if (task_.moves() >= kMovesMax) {
      Block("", absl::StrCat("the task was moved ", task_.moves(), " times, which is the limit"));
    }
    plan_.deadline_at = task_.deadline_at;
    const Duration before = diff_.from().deadline;
    const Duration after = diff_.to()->deadline;
    // One that an operator's repair took away stays away.
    const bool forgiven = before > Duration::zero() && task_.deadline_at == kNever;
    if (before == after || forgiven) return;
    plan_.deadline_at = after == Duration::zero() ? kNever : task_.created_at + after;
    if (plan_.deadline_at != kNever && plan_.deadline_at <= now_) {
      Block("", absl::StrCat("the new version's deadline, ",
                             absl::FormatDuration(absl::Microseconds(after.count())),
                             " after the task's creation, has passed"));
    }
  }

  void PlanRemoval(StepIndex before) {
    const StepRun& run = task_.at(before);
    const std::string& name = diff_.from().steps[Raw(before)].name;
    if (IsNeeded(run)) {
      BlockStep(name, run, ", and the new version has no such step");
      return;
    }
    if (run.state == StepState::kEnqueued) plan_.plan_anew.push_back(before);
    // Of one that was left out nobody will miss anything.
    if (!IsDone(run.state)) plan_.changes.push_back({Kind::kStepRemoved, name, ""});
  }

  void PlanStep(const StepPair& pair) {
    const StepRun& run = task_.at(pair.before);
    const StepTemplate& is = diff_.to()->steps[Raw(pair.after)];
    if (!IsDone(run.state)) {
      plan_.changes.insert(plan_.changes.end(), pair.changes.begin(), pair.changes.end());
    }
    if (HasRun(run) && !pair.same_kind) {
      BlockStep(is.name, run,
                absl::StrCat(": it is ", KindOf(diff_.from(), diff_.from().steps[Raw(pair.before)]),
                             ", in the new version ", KindOf(*diff_.to(), is)));
      return;
    }
    if (run.state == StepState::kEnqueued && !HasRun(run)) {
      if (!pair.same_kind || !pair.same_parents || !pair.same_when) {
        plan_.plan_anew.push_back(pair.before);
      }
      return;
    }
    PlanOrder(pair, run);
    if (run.state == StepState::kInProgress) PlanUnderWay(pair, run);
    if (run.items() != nullptr && !IsDone(run.state)) PlanItems(pair, run);
    if (run.state == StepState::kComplete && is.choice != nullptr && !pair.same_choice) {
      PlanChoice(pair, run);
    }
  }

  // Nothing that is not done may come to stand before what has begun.
  void PlanOrder(const StepPair& pair, const StepRun& run) {
    // Repairs may have ended others before their turn; what failed waits for it when tried again,
    // unless that is an item of it.
    const bool items = run.items() != nullptr &&
                       (run.state == StepState::kError || run.state == StepState::kCancelled);
    const bool begun = IsActive(run.state) || run.state == StepState::kComplete || items;
    if (!begun || pair.same_parents) return;
    std::vector<std::string> missing;
    for (const StepIndex parent : diff_.to()->steps[Raw(pair.after)].parents) {
      const std::optional<StepIndex> before = diff_.Before(parent);
      if (before && IsDone(task_.at(*before).state)) continue;
      missing.push_back(absl::StrCat("`", diff_.to()->steps[Raw(parent)].name, "`"));
    }
    if (missing.empty()) return;
    BlockStep(diff_.to()->steps[Raw(pair.after)].name, run,
              absl::StrCat(", and the new version wants ", absl::StrJoin(missing, ", "),
                           " done before it"));
  }

  void PlanUnderWay(const StepPair& pair, const StepRun& run) {
    const StepTemplate& is = diff_.to()->steps[Raw(pair.after)];
    if (!pair.same_sub_task) {
      BlockStep(is.name, run, ": it runs a task of another template than in the new version");
    }
    CheckTime(pair, run);
    if (!is.wait || pair.same_wait) return;
    Timestamp at = kNever;
    if (!is.wait->signal.empty()) {
      if (is.wait->timeout > Duration::zero()) at = run.started_at + is.wait->timeout;
    } else if (is.wait->until != nullptr) {
      const absl::StatusOr<Timestamp> until = is.wait->until->Moment(scope_);
      if (!until.ok()) {
        BlockStep(is.name, run,
                  absl::StrCat(": until when to wait cannot be told: ",
                               std::string(until.status().message())));
        return;
      }
      at = std::max(*until, now_);
    } else {
      at = run.started_at + is.wait->duration;
    }
    plan_.wakes.emplace_back(pair.after, at);
  }

  // An attempt under way must not be over by a time limit that it did not know of.
  void CheckTime(const StepPair& pair, const StepRun& run) {
    const Duration before = diff_.from().steps[Raw(pair.before)].timeouts.start_to_close;
    const StepTemplate& is = diff_.to()->steps[Raw(pair.after)];
    const Duration after = is.timeouts.start_to_close;
    if (before == after || after == Duration::zero()) return;
    const auto over = [&](const StepRun& attempt) {
      const bool timed = attempt.handler != nullptr ||
                         (attempt.extras != nullptr && attempt.extras->sub_task.has_value());
      return attempt.state == StepState::kInProgress && timed && attempt.started_at + after <= now_;
    };
    bool any = over(run);
    const Items* items = run.items();
    for (std::uint32_t i = 0; items != nullptr && i < items->size(); ++i) {
      any = any || over(task_.at(StepIndex{items->first + i}));
    }
    if (!any) return;
    BlockStep(is.name, run,
              ": its attempt has taken longer already than the new version's start_to_close");
  }

  void PlanItems(const StepPair& pair, const StepRun& run) {
    const StepTemplate& was = diff_.from().steps[Raw(pair.before)];
    const StepTemplate& is = diff_.to()->steps[Raw(pair.after)];
    const auto before = was.for_each->items->Elements(StepScope(task_, pair.before));
    const auto after = is.for_each->items->Elements(scope_);
    if (before.ok() && after.ok() && *before == *after && before->size() == run.items()->size()) {
      // Items under way, or to come, run what the others ran.
      if (pair.same_sub_task || run.state == StepState::kInProgress) return;
      BlockStep(is.name, run, ": its items run tasks of another template than in the new version");
      return;
    }
    BlockStep(is.name, run, ": it has begun, and its items are others in the new version");
  }

  void PlanChoice(const StepPair& pair, const StepRun& run) {
    const auto chosen = ChosenBranches(*diff_.to(), pair.after, scope_);
    if (chosen.ok()) {
      plan_.choose_anew.push_back(pair.after);
      return;
    }
    BlockStep(diff_.to()->steps[Raw(pair.after)].name, run,
              absl::StrCat(", and by the new version ", std::string(chosen.status().message())));
  }

  // Whether no more is under way than the new version lets run at a time.
  void PlanTurns() {
    if (diff_.to()->concurrent) return;
    std::vector<bool> anew(task_.steps.size(), false);
    for (const StepIndex step : plan_.plan_anew) anew[Raw(step)] = true;
    std::vector<std::string> active;
    for (std::uint32_t i = 0; i < task_.steps.size(); ++i) {
      const StepRun& run = task_.steps[i];
      if (!IsActive(run.state) || anew[i]) continue;
      active.push_back(absl::StrCat("`", diff_.from().steps[i].name, "`"));
      std::uint32_t items_active = 0;
      const Items* items = run.items();
      for (std::uint32_t k = 0; items != nullptr && k < items->size(); ++k) {
        if (IsActive(task_.at(StepIndex{items->first + k}).state)) ++items_active;
      }
      if (items_active <= 1) continue;
      BlockStep(diff_.from().steps[i].name, run,
                absl::StrCat(" with ", items_active,
                             " items under way, and the new version runs one at a time"));
    }
    if (active.size() <= 1) return;
    Block("", absl::StrCat(absl::StrJoin(active, ", "),
                           " are ready or under way, and the new version runs one step at a time"));
  }

  const VersionDiff& diff_;
  const TaskRun& task_;
  const Timestamp now_;
  const MovedScope scope_;
  MovePlan plan_;
};

}  // namespace

MovePlan PlanMove(const VersionDiff& diff, const TaskRun& task, Timestamp now) {
  return Planner(diff, task, now).Make();
}

std::string ToString(const std::vector<MoveObstacle>& obstacles) {
  return absl::StrJoin(obstacles, "\n", [](std::string* out, const MoveObstacle& obstacle) {
    absl::StrAppend(out, obstacle.why);
  });
}

}  // namespace tasker::engine
