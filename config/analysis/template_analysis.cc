#include "config/analysis/template_analysis.h"

#include <algorithm>

#include "config/analysis/reachability.h"

namespace tasker::config {
namespace {

using Numbers = std::vector<std::uint32_t>;

StepGraph GraphOf(const engine::TaskTemplate& analyzed) {
  std::vector<StepEdge> edges;
  for (std::uint32_t i = 0; i < analyzed.steps.size(); ++i) {
    for (const engine::StepIndex parent : analyzed.steps[i].parents) {
      edges.push_back({Raw(parent), i});
    }
  }
  return StepGraph(static_cast<std::uint32_t>(analyzed.steps.size()), edges);
}

std::optional<engine::Duration> ExpectedOf(const engine::StepTemplate& step) {
  engine::Duration expected = step.timeouts.start_to_close;
  if (step.wait) {
    const bool counts_time = step.wait->signal.empty() && step.wait->until == nullptr;
    expected = counts_time ? step.wait->duration : step.wait->timeout;
    if (counts_time) return expected;
  }
  return expected > engine::Duration::zero() ? std::optional(expected) : std::nullopt;
}

// A decision leaves out branches, and with them every step all of whose parents it leaves out.
void FindWhatMayBeLeftOut(const engine::TaskTemplate& analyzed, TemplateAnalysis& analysis) {
  for (const engine::StepTemplate& step : analyzed.steps) {
    for (const engine::StepIndex branch : step.branches) {
      analysis.steps[Raw(branch)].may_be_left_out = true;
    }
  }
  const auto left_out = [&](std::uint32_t step) { return analysis.steps[step].may_be_left_out; };
  for (const std::uint32_t step : analysis.graph.order()) {
    const auto parents = analysis.graph.ParentsOf(step);
    if (!parents.empty() && std::ranges::all_of(parents, left_out)) {
      analysis.steps[step].may_be_left_out = true;
    }
  }
}

void FindLevels(const engine::TaskTemplate& analyzed, TemplateAnalysis& analysis) {
  analysis.levels.resize(analysis.graph.level_count());
  for (std::uint32_t i = 0; i < analysis.graph.size(); ++i) {
    if (analyzed.steps[i].in_reserve()) {
      analysis.reserve.push_back(i);
      continue;
    }
    analysis.levels[analysis.graph.LevelOf(i)].push_back(i);
    if (analysis.graph.ParentsOf(i).empty()) analysis.roots.push_back(i);
    if (analysis.graph.ChildrenOf(i).empty()) analysis.leaves.push_back(i);
  }
  // Nothing but reserve may be on the first level, as it depends on nothing.
  if (!analysis.levels.empty() && analysis.levels.back().empty()) analysis.levels.pop_back();
  for (std::uint32_t level = 0; level < analysis.levels.size(); ++level) {
    const auto size = static_cast<std::uint32_t>(analysis.levels[level].size());
    if (size <= analysis.width) continue;
    analysis.width = size;
    analysis.widest_level = level;
  }
}

void FindPaths(const engine::TaskTemplate& analyzed, TemplateAnalysis& analysis) {
  std::vector<PathWeight> by_steps(analyzed.steps.size());
  std::vector<PathWeight> by_time(analyzed.steps.size());
  bool any_known = false;
  for (std::uint32_t i = 0; i < analyzed.steps.size(); ++i) {
    if (analyzed.steps[i].in_reserve()) continue;
    const std::optional<engine::Duration> expected = analysis.steps[i].expected;
    any_known |= expected.has_value();
    by_steps[i] = {1, expected.value_or(engine::Duration::zero()).count()};
    by_time[i] = {by_steps[i].second, 1};
  }
  if (analysis.levels.empty()) return;
  analysis.critical_path = FindLongestPath(analysis.graph, by_steps).steps;
  for (const std::uint32_t step : analysis.critical_path) {
    analysis.steps[step].on_critical_path = true;
  }
  const double ordinary = static_cast<double>(analyzed.steps.size() - analysis.reserve.size());
  analysis.parallelism =
      analyzed.concurrent ? ordinary / static_cast<double>(analysis.critical_path.size()) : 1;
  if (!any_known) return;
  LongestPath slowest = FindLongestPath(analysis.graph, by_time);
  const auto unknown = std::ranges::count_if(slowest.steps, [&](std::uint32_t step) {
    return !analysis.steps[step].expected.has_value();
  });
  analysis.slowest_path =
      SlowestPath{std::move(slowest.steps), engine::Duration(slowest.weight.first),
                  static_cast<std::uint32_t>(unknown)};
}

void FindChains(TemplateAnalysis& analysis, const std::optional<Reachability>& reach) {
  const std::span<const std::uint32_t> order = analysis.graph.order();
  for (std::size_t i = order.size(); i-- > 0;) {
    StepFacts& facts = analysis.steps[order[i]];
    for (const std::uint32_t child : analysis.graph.ChildrenOf(order[i])) {
      facts.chain_behind = std::max(facts.chain_behind, analysis.steps[child].chain_behind + 1);
    }
    if (reach) facts.blocks = reach->behind[order[i]];
  }
  if (!reach) return;
  Numbers chains;
  for (std::uint32_t i = 0; i < analysis.graph.size(); ++i) {
    if (reach->behind[i] > 0) chains.push_back(i);
  }
  const auto more = [&](std::uint32_t a, std::uint32_t b) {
    return reach->behind[a] != reach->behind[b] ? reach->behind[a] > reach->behind[b] : a < b;
  };
  const std::size_t listed = std::min(chains.size(), kListedMax);
  std::ranges::partial_sort(chains, chains.begin() + static_cast<std::ptrdiff_t>(listed), more);
  chains.resize(listed);
  analysis.error_chains = std::move(chains);
}

// For each step, how many others it depends on, directly or not. Precondition: Reach took the
// graph.
Numbers CountAhead(const StepGraph& graph) {
  std::vector<StepEdge> reversed;
  reversed.reserve(graph.edge_count());
  for (std::uint32_t from = 0; from < graph.size(); ++from) {
    for (const std::uint32_t to : graph.ChildrenOf(from)) reversed.push_back({to, from});
  }
  return Reach(StepGraph(graph.size(), reversed), {})->behind;
}

// A step where branches meet or part, and that at least half of all others depend on, or that
// everything passes.
void FindBottlenecks(TemplateAnalysis& analysis, const std::optional<Reachability>& reach) {
  if (!reach) return;
  const Numbers ahead = CountAhead(analysis.graph);
  const std::size_t ordinary = analysis.graph.size() - analysis.reserve.size();
  for (std::uint32_t i = 0; i < analysis.graph.size(); ++i) {
    // Nothing waits for a leaf.
    if (analysis.graph.ChildrenOf(i).empty()) continue;
    const bool joins =
        analysis.graph.ParentsOf(i).size() > 1 || analysis.graph.ChildrenOf(i).size() > 1;
    const std::size_t behind = reach->behind[i];
    const bool passage = ahead[i] + behind + 1 == ordinary;
    if (joins && (passage || behind * 2 + 1 >= ordinary)) {
      analysis.bottlenecks.push_back({i, passage});
    }
  }
  std::ranges::stable_sort(analysis.bottlenecks, [&](const Bottleneck& a, const Bottleneck& b) {
    return a.everything_passes != b.everything_passes
               ? a.everything_passes
               : reach->behind[a.step] > reach->behind[b.step];
  });
  if (analysis.bottlenecks.size() > kListedMax) analysis.bottlenecks.resize(kListedMax);
}

}  // namespace

TemplateAnalysis AnalyzeTemplate(const engine::TaskTemplate& analyzed) {
  TemplateAnalysis analysis;
  analysis.graph = GraphOf(analyzed);
  analysis.steps.resize(analyzed.steps.size());
  for (std::size_t i = 0; i < analyzed.steps.size(); ++i) {
    analysis.steps[i].expected = ExpectedOf(analyzed.steps[i]);
  }
  FindWhatMayBeLeftOut(analyzed, analysis);
  FindLevels(analyzed, analysis);
  FindPaths(analyzed, analysis);
  std::vector<bool> not_through(analysis.steps.size(), false);
  for (std::size_t i = 0; i < analysis.steps.size(); ++i) {
    not_through[i] = analysis.steps[i].may_be_left_out;
  }
  const std::optional<Reachability> reach = Reach(analysis.graph, not_through);
  FindChains(analysis, reach);
  FindBottlenecks(analysis, reach);
  analysis.advice = AdviseOn(analyzed, analysis, reach);
  return analysis;
}

}  // namespace tasker::config
