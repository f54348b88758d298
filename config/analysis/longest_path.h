// The critical path.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <vector>

#include "config/analysis/step_graph.h"

namespace tasker::config {

// What a step counts on a way. `first` decides, `second` between equals. Neither is negative.
struct PathWeight {
  std::int64_t first = 0;
  std::int64_t second = 0;

  auto operator<=>(const PathWeight&) const = default;
};

// A way through a graph.
struct LongestPath {
  // Each a parent of the next.
  std::vector<std::uint32_t> steps;
  // The sum over `steps`; a sum too large for its type stays at the largest value.
  PathWeight weight;
};

// The heaviest way through `graph`, and of equally heavy ones the one whose end, and then whose
// step before, and so on, has the lowest number. `weights` has one for each step. Empty for a graph
// without steps. O(steps + edges).
LongestPath FindLongestPath(const StepGraph& graph, std::span<const PathWeight> weights);

}  // namespace tasker::config
