#include "config/analysis/longest_path.h"

#include <algorithm>
#include <limits>

namespace tasker::config {
namespace {

std::int64_t Sum(std::int64_t a, std::int64_t b) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  return a > kMax - b ? kMax : a + b;
}

}  // namespace

LongestPath FindLongestPath(const StepGraph& graph, std::span<const PathWeight> weights) {
  LongestPath path;
  if (graph.size() == 0) return path;
  constexpr std::uint32_t kNone = ~std::uint32_t{0};
  std::vector<PathWeight> best(graph.size());
  std::vector<std::uint32_t> before(graph.size(), kNone);
  for (const std::uint32_t step : graph.order()) {
    for (const std::uint32_t parent : graph.ParentsOf(step)) {
      if (before[step] == kNone || best[parent] > best[before[step]]) before[step] = parent;
    }
    best[step] = weights[step];
    if (before[step] == kNone) continue;
    best[step].first = Sum(best[step].first, best[before[step]].first);
    best[step].second = Sum(best[step].second, best[before[step]].second);
  }
  auto end = static_cast<std::uint32_t>(std::ranges::max_element(best) - best.begin());
  path.weight = best[end];
  for (; end != kNone; end = before[end]) path.steps.push_back(end);
  std::ranges::reverse(path.steps);
  return path;
}

}  // namespace tasker::config
