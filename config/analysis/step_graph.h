// Steps as numbers, and what depends on what: the ground that analysis and pictures stand on.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tasker::config {

// `to` depends on `from`.
struct StepEdge {
  std::uint32_t from = 0;
  std::uint32_t to = 0;

  bool operator==(const StepEdge&) const = default;
};

// A directed graph without cycles over the steps 0 to size() - 1, immutable. Knows nothing of
// templates, so that a task as a service told of it can be looked at too: nothing that is asked for
// can be wrong, only left out.
class StepGraph {
 public:
  // A graph of no steps.
  StepGraph() = default;

  // Left out of `edges`: those to steps that are not there, repeated ones, and of those that would
  // close a cycle enough to break it. Time and memory: O(steps + edges).
  StepGraph(std::uint32_t steps, std::span<const StepEdge> edges);

  std::uint32_t size() const { return static_cast<std::uint32_t>(level_.size()); }
  std::uint32_t edge_count() const { return static_cast<std::uint32_t>(children_.size()); }

  // In ascending order; valid as long as the graph.
  std::span<const std::uint32_t> ParentsOf(std::uint32_t step) const {
    return Part(parents_, first_parent_, step);
  }
  std::span<const std::uint32_t> ChildrenOf(std::uint32_t step) const {
    return Part(children_, first_child_, step);
  }

  // Every step behind all that it depends on: by level, then by number.
  std::span<const std::uint32_t> order() const { return order_; }

  // The length of the longest way to `step` from one without parents, which has level 0. Steps of
  // a level never depend on each other.
  std::uint32_t LevelOf(std::uint32_t step) const { return level_[step]; }

  // How many levels there are; 0 only without steps.
  std::uint32_t level_count() const { return level_count_; }

 private:
  using Numbers = std::vector<std::uint32_t>;

  static std::span<const std::uint32_t> Part(const Numbers& all, const Numbers& first,
                                             std::uint32_t step) {
    return std::span(all).subspan(first[step], first[step + 1] - first[step]);
  }

  Numbers parents_;
  Numbers first_parent_{0};
  Numbers children_;
  Numbers first_child_{0};
  Numbers level_;
  Numbers order_;
  std::uint32_t level_count_ = 0;
};

}  // namespace tasker::config
