#include "engine/model/dag.h"

#include <algorithm>
#include <utility>

namespace tasker::engine {
namespace {

// Follows unfinished parents from `start` until a step comes up twice. Every unfinished step has
// an unfinished parent, so the walk cannot get stuck.
std::vector<StepIndex> CycleAmong(const ParentLists& parents, const std::vector<bool>& finished,
                                  StepIndex start) {
  std::vector<std::uint32_t> place(parents.size(), 0);  // place in `walk`, plus one
  std::vector<StepIndex> walk;
  StepIndex step = start;
  while (place[Raw(step)] == 0) {
    walk.push_back(step);
    place[Raw(step)] = static_cast<std::uint32_t>(walk.size());
    step = *std::ranges::find_if(parents[Raw(step)],
                                 [&](StepIndex parent) { return !finished[Raw(parent)]; });
  }
  std::vector<StepIndex> cycle(walk.begin() + (place[Raw(step)] - 1), walk.end());
  cycle.push_back(step);
  // The walk went from each step to one that it depends on; told is the way work would flow.
  std::ranges::reverse(cycle);
  return cycle;
}

// Goes from steps that can begin to those that can begin behind them.
struct Walk {
  explicit Walk(const Dag& from) : graph(from), missing(from.size()), finished(from.size(), false) {
    for (std::uint32_t i = 0; i < from.size(); ++i) {
      missing[i] = from.ParentCountOf(StepIndex{i});
      if (missing[i] == 0) Reach(StepIndex{i});
    }
  }

  void Finish() {
    while (!ready.empty()) {
      const StepIndex step = ready.back();
      ready.pop_back();
      for (const StepIndex child : graph.ChildrenOf(step)) {
        if (--missing[Raw(child)] == 0 && !finished[Raw(child)]) Reach(child);
      }
    }
  }

  void Reach(StepIndex step) {
    finished[Raw(step)] = true;
    ready.push_back(step);
  }

  const Dag& graph;
  // Parents that are not done.
  std::vector<std::uint32_t> missing;
  std::vector<bool> finished;
  // Finished, and their children not yet looked at.
  std::vector<StepIndex> ready;
};

}  // namespace

std::vector<StepIndex> FindCycle(const ParentLists& parents) {
  std::vector<std::vector<StepIndex>> cycles = FindCycles(parents, 1);
  return cycles.empty() ? std::vector<StepIndex>() : std::move(cycles.front());
}

std::vector<std::vector<StepIndex>> FindCycles(const ParentLists& parents, std::size_t most) {
  const Dag graph(parents);
  Walk walk(graph);
  std::vector<std::vector<StepIndex>> cycles;
  walk.Finish();
  while (cycles.size() < most) {
    const auto left = std::ranges::find(walk.finished, false);
    if (left == walk.finished.end()) break;
    cycles.push_back(
        CycleAmong(parents, walk.finished,
                   StepIndex{static_cast<std::uint32_t>(left - walk.finished.begin())}));
    // As if its steps could be done, what is behind them is free of this cycle.
    for (const StepIndex step : cycles.back()) {
      if (!walk.finished[Raw(step)]) walk.ready.push_back(step);
      walk.finished[Raw(step)] = true;
    }
    walk.Finish();
  }
  return cycles;
}

std::vector<StepIndex> FindUnreachable(const ParentLists& parents) {
  const Dag graph(parents);
  Walk walk(graph);
  walk.Finish();
  std::vector<StepIndex> unreachable;
  for (std::uint32_t i = 0; i < graph.size(); ++i) {
    if (!walk.finished[i]) unreachable.push_back(StepIndex{i});
  }
  return unreachable;
}

Dag::Dag(const ParentLists& parents)
    : first_child_(parents.size() + 1, 0), parent_counts_(parents.size(), 0) {
  for (std::size_t i = 0; i < parents.size(); ++i) {
    parent_counts_[i] = static_cast<std::uint32_t>(parents[i].size());
    for (const StepIndex parent : parents[i]) ++first_child_[Raw(parent) + 1];
  }
  for (std::size_t i = 1; i < first_child_.size(); ++i) first_child_[i] += first_child_[i - 1];
  children_.resize(first_child_.back());
  std::vector<std::uint32_t> next(first_child_.begin(), first_child_.end() - 1);
  for (std::uint32_t i = 0; i < parents.size(); ++i) {
    for (const StepIndex parent : parents[i]) children_[next[Raw(parent)]++] = StepIndex{i};
  }
}

std::span<const StepIndex> Dag::ChildrenOf(StepIndex step) const {
  return std::span(children_).subspan(first_child_[Raw(step)],
                                      first_child_[Raw(step) + 1] - first_child_[Raw(step)]);
}

}  // namespace tasker::engine
