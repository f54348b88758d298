#include "config/analysis/advice.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

#include "config/analysis/longest_path.h"
#include "config/analysis/template_analysis.h"

namespace tasker::config {
namespace {

using Numbers = std::vector<std::uint32_t>;

std::string SpanText(engine::Duration span) {
  return absl::FormatDuration(absl::Microseconds(span.count()));
}

class Adviser {
 public:
  Adviser(const engine::TaskTemplate& analyzed, const TemplateAnalysis& analysis)
      : template_(analyzed), analysis_(analysis) {}

  std::vector<Advice> Advise(const std::optional<Reachability>& reach) {
    OnDeadline();
    OnRetries();
    OnPassages();
    OnLongChain();
    if (reach) OnImplied(*reach);
    OnParallelism();
    OnWideJoins();
    OnTimeouts();
    return std::move(advice_);
  }

 private:
  const engine::StepTemplate& At(std::uint32_t step) const { return template_.steps[step]; }
  std::string Name(std::uint32_t step) const { return absl::StrCat("`", At(step).name, "`"); }

  // `a`, `b` and 3 more
  std::string Names(const Numbers& steps) const {
    constexpr std::size_t kShown = 3;
    std::string text;
    for (std::size_t i = 0; i < std::min(steps.size(), kShown); ++i) {
      const bool last = i + 1 == steps.size();
      absl::StrAppend(&text, i == 0 ? "" : last ? " and " : ", ", Name(steps[i]));
    }
    if (steps.size() > kShown) absl::StrAppend(&text, " and ", steps.size() - kShown, " more");
    return text;
  }

  void Add(AdviceKind kind, Numbers steps, std::string message) {
    const std::uint64_t concerned = steps.size();
    if (steps.size() > kAdviceStepsMax) steps.resize(kAdviceStepsMax);
    advice_.push_back({kind, std::move(steps), concerned, std::move(message)});
  }

  // Done by a handler, whose attempts can fail or hang.
  bool HasHandler(std::uint32_t step) const { return !At(step).handler_class.empty(); }

  template <typename Predicate>
  Numbers OfCriticalPath(Predicate predicate) const {
    Numbers found;
    std::ranges::copy_if(analysis_.critical_path, std::back_inserter(found), predicate);
    return found;
  }

  // Only waits that are surely waited out count: nothing else has a time below which it cannot end.
  void OnDeadline() {
    if (template_.deadline <= engine::Duration::zero()) return;
    std::vector<PathWeight> weights(template_.steps.size());
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const engine::StepTemplate& step = template_.steps[i];
      const bool surely = step.wait && step.wait->signal.empty() && step.wait->until == nullptr &&
                          step.when == nullptr && !analysis_.steps[i].may_be_left_out &&
                          !step.skippable;
      if (surely) weights[i].first = step.wait->duration.count();
    }
    LongestPath longest = FindLongestPath(analysis_.graph, weights);
    const engine::Duration waits(longest.weight.first);
    if (waits < template_.deadline) return;
    std::erase_if(longest.steps, [&](std::uint32_t step) { return weights[step].first == 0; });
    std::string message = absl::StrCat(
        "the waits of ", Names(longest.steps), ", one after the other, take ", SpanText(waits),
        ", but the `deadline` is ", SpanText(template_.deadline), ": no task can complete in time");
    Add(AdviceKind::kDeadlineTooShort, std::move(longest.steps), std::move(message));
  }

  void OnRetries() {
    Numbers steps = OfCriticalPath([this](std::uint32_t step) {
      return HasHandler(step) && (!At(step).retryable || At(step).retry_limit <= 1);
    });
    if (steps.empty()) return;
    std::string message =
        absl::StrCat(Names(steps), steps.size() == 1 ? " is" : " are",
                     " on the critical path and tried once only: one failure ends the task; allow "
                     "more attempts (`default_retry_limit`) where the work can be repeated");
    Add(AdviceKind::kNoRetryOnCriticalPath, std::move(steps), std::move(message));
  }

  void OnPassages() {
    Numbers steps;
    for (const Bottleneck& bottleneck : analysis_.bottlenecks) {
      if (bottleneck.everything_passes) steps.push_back(bottleneck.step);
    }
    // The first step and the last of a task are where they are by nature.
    std::erase_if(steps, [this](std::uint32_t step) {
      return analysis_.graph.ParentsOf(step).empty() || analysis_.graph.ChildrenOf(step).empty();
    });
    if (steps.empty()) return;
    std::ranges::sort(steps, {}, [this](std::uint32_t s) { return analysis_.graph.LevelOf(s); });
    std::string message =
        absl::StrCat("all work passes through ", Names(steps),
                     ": nothing behind begins before, and its failure stops the whole task; let "
                     "steps depend only on what they need");
    Add(AdviceKind::kEverythingWaitsForOneStep, std::move(steps), std::move(message));
  }

  void OnLongChain() {
    if (analysis_.critical_path.size() < kLongChain) return;
    std::string message = absl::StrCat(
        "the longest chain has ", analysis_.critical_path.size(),
        " steps, which run one after the other however many handlers there are; steps that "
        "always follow each other could be one, or a sub-task");
    Add(AdviceKind::kLongChain, analysis_.critical_path, std::move(message));
  }

  void OnImplied(const Reachability& reach) {
    for (std::size_t i = 0; i < std::min(reach.implied.size(), kAdviceStepsMax); ++i) {
      const ImpliedEdge& implied = reach.implied[i];
      std::string message = absl::StrCat(
          Name(implied.edge.to), " depends on ", Name(implied.edge.from), " already through ",
          Name(implied.via), "; naming it is of use only for its results");
      Add(AdviceKind::kImpliedDependency, {implied.edge.to, implied.edge.from, implied.via},
          std::move(message));
      advice_.back().concerned = reach.implied_count;
    }
  }

  void OnParallelism() {
    if (analysis_.width < 2) return;
    std::string limit;
    if (!template_.concurrent) {
      limit = "`concurrent: false` lets them run one by one only";
    } else if (template_.running_steps_max > 0 && template_.running_steps_max < analysis_.width) {
      limit = absl::StrCat("`max_running_steps` lets ", template_.running_steps_max,
                           " of all tasks run");
    } else {
      return;
    }
    Add(AdviceKind::kParallelismUnused, analysis_.levels[analysis_.widest_level],
        absl::StrCat(analysis_.width, " steps could run side by side, but ", limit));
  }

  void OnWideJoins() {
    Numbers steps;
    for (std::uint32_t i = 0; i < analysis_.graph.size(); ++i) {
      if (analysis_.graph.ParentsOf(i).size() >= kWideJoin) steps.push_back(i);
    }
    if (steps.empty()) return;
    std::ranges::stable_sort(steps, std::greater(), [this](std::uint32_t step) {
      return analysis_.graph.ParentsOf(step).size();
    });
    std::string message = absl::StrCat(
        Names(steps), steps.size() == 1 ? " waits" : " wait", " for up to ",
        analysis_.graph.ParentsOf(steps[0]).size(),
        " steps: any one that fails keeps it from running, and it is handed the results of all; a "
        "`for_each` step may say the same in one");
    Add(AdviceKind::kWideJoin, std::move(steps), std::move(message));
  }

  void OnTimeouts() {
    Numbers steps = OfCriticalPath([this](std::uint32_t step) {
      const engine::StepTimeouts& timeouts = At(step).timeouts;
      return HasHandler(step) && timeouts.start_to_close == engine::Duration::zero() &&
             timeouts.heartbeat == engine::Duration::zero();
    });
    if (steps.empty() || template_.deadline > engine::Duration::zero()) return;
    std::string message =
        absl::StrCat(Names(steps), steps.size() == 1 ? " is" : " are",
                     " on the critical path with neither `timeouts.start_to_close` nor "
                     "`timeouts.heartbeat`, and the task has no `deadline`: a handler that hangs "
                     "holds it up for ever");
    Add(AdviceKind::kNoTimeoutOnCriticalPath, std::move(steps), std::move(message));
  }

  const engine::TaskTemplate& template_;
  const TemplateAnalysis& analysis_;
  std::vector<Advice> advice_;
};

}  // namespace

std::vector<Advice> AdviseOn(const engine::TaskTemplate& analyzed, const TemplateAnalysis& analysis,
                             const std::optional<Reachability>& reach) {
  return Adviser(analyzed, analysis).Advise(reach);
}

}  // namespace tasker::config
