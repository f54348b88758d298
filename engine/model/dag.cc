#include "engine/model/dag.h"

#include <algorithm>

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

}  // namespace

std::vector<StepIndex> FindCycle(const ParentLists& parents) {
  const Dag graph(parents);
  std::vector<std::uint32_t> missing(parents.size());
  std::vector<bool> finished(parents.size(), false);
  std::vector<StepIndex> ready;
  for (std::uint32_t i = 0; i < graph.size(); ++i) {
    missing[i] = graph.ParentCountOf(StepIndex{i});
    if (missing[i] == 0) ready.push_back(StepIndex{i});
  }
  while (!ready.empty()) {
    const StepIndex step = ready.back();
    ready.pop_back();
    finished[Raw(step)] = true;
    for (const StepIndex child : graph.ChildrenOf(step)) {
      if (--missing[Raw(child)] == 0) ready.push_back(child);
    }
  }
  const auto left = std::ranges::find(finished, false);
  if (left == finished.end()) return {};
  return CycleAmong(parents, finished,
                    StepIndex{static_cast<std::uint32_t>(left - finished.begin())});
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
