// The order that the dependencies between steps leave open.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/model/ids.h"

namespace tasker::engine {

// For each step, the steps that it depends on, without duplicates.
using ParentLists = std::vector<std::vector<StepIndex>>;

// A cycle in `parents`, as the steps on it, each followed by one that depends on it, the first
// repeated at the end ({a, b, a}); empty if there is none. Every index in `parents` must be below
// its size. Time and memory: O(steps + edges), without recursion.
std::vector<StepIndex> FindCycle(const ParentLists& parents);

// Cycles that share no step, as FindCycle gives them, up to `most`; each of the remaining cycles
// goes through a step of one of these, if there are fewer. Time: O((steps + edges) * most).
std::vector<std::vector<StepIndex>> FindCycles(const ParentLists& parents, std::size_t most);

// The steps that can never begin, because they are on a cycle or behind one, in ascending order.
// Time and memory: O(steps + edges).
std::vector<StepIndex> FindUnreachable(const ParentLists& parents);

// A compiled dependency graph: children of each step, in one block of memory. Immutable.
class Dag {
 public:
  // A graph of no steps.
  Dag() = default;

  // Precondition: every index in `parents` is below its size. A graph with a cycle can be made, but
  // work that follows it never ends up everywhere. Time and memory: O(steps + edges).
  explicit Dag(const ParentLists& parents);

  // Number of steps.
  std::uint32_t size() const { return static_cast<std::uint32_t>(parent_counts_.size()); }

  // The steps that depend on `step` directly, in ascending order; valid as long as the graph.
  std::span<const StepIndex> ChildrenOf(StepIndex step) const;

  // How many steps `step` depends on directly.
  std::uint32_t ParentCountOf(StepIndex step) const { return parent_counts_[Raw(step)]; }

 private:
  // Children of step i: children_[first_child_[i] .. first_child_[i + 1]).
  std::vector<StepIndex> children_;
  std::vector<std::uint32_t> first_child_{0};
  std::vector<std::uint32_t> parent_counts_;
};

}  // namespace tasker::engine
