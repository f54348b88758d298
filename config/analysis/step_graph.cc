#include "config/analysis/step_graph.h"

#include <algorithm>

namespace tasker::config {
namespace {

using Numbers = std::vector<std::uint32_t>;

// One end of each edge, in one block, by the other end: `values[first[i] .. first[i + 1])`.
struct Grouped {
  Numbers values;
  Numbers first;
};

template <typename Key, typename Value>
Grouped GroupBy(std::uint32_t steps, std::span<const StepEdge> edges, Key key, Value value) {
  Grouped grouped{Numbers(edges.size()), Numbers(steps + 1, 0)};
  for (const StepEdge& edge : edges) ++grouped.first[key(edge) + 1];
  for (std::uint32_t i = 0; i < steps; ++i) grouped.first[i + 1] += grouped.first[i];
  Numbers next(grouped.first.begin(), grouped.first.end() - 1);
  for (const StepEdge& edge : edges) grouped.values[next[key(edge)]++] = value(edge);
  return grouped;
}

std::uint32_t From(const StepEdge& edge) { return edge.from; }
std::uint32_t To(const StepEdge& edge) { return edge.to; }

// Sorted by `from`, then by `to`, in two passes of counting: a stable sort by the second key first.
std::vector<StepEdge> Sorted(std::uint32_t steps, std::vector<StepEdge> edges) {
  for (const auto key : {To, From}) {
    Numbers next(steps + 1, 0);
    for (const StepEdge& edge : edges) ++next[key(edge) + 1];
    for (std::uint32_t i = 0; i < steps; ++i) next[i + 1] += next[i];
    std::vector<StepEdge> sorted(edges.size());
    for (const StepEdge& edge : edges) sorted[next[key(edge)]++] = edge;
    edges = std::move(sorted);
  }
  return edges;
}

// Each step's place in an order of work. Where a cycle leaves none that could be next, the first
// that is left is taken.
Numbers PlacesOf(std::uint32_t steps, std::span<const StepEdge> edges) {
  const Grouped children = GroupBy(steps, edges, From, To);
  Numbers missing(steps, 0);
  for (const StepEdge& edge : edges) ++missing[edge.to];
  constexpr std::uint32_t kNone = ~std::uint32_t{0};
  Numbers place(steps, kNone);
  Numbers ready;
  std::uint32_t placed = 0;
  const auto take = [&](std::uint32_t step) {
    place[step] = placed++;
    ready.push_back(step);
  };
  for (std::uint32_t step = 0; step < steps; ++step) {
    if (missing[step] == 0) take(step);
  }
  std::uint32_t left = 0;
  for (std::size_t next = 0; placed < steps || next < ready.size();) {
    if (next == ready.size()) {
      while (place[left] != kNone) ++left;
      take(left);
    }
    const std::uint32_t step = ready[next++];
    for (std::uint32_t i = children.first[step]; i < children.first[step + 1]; ++i) {
      const std::uint32_t child = children.values[i];
      if (--missing[child] == 0 && place[child] == kNone) take(child);
    }
  }
  return place;
}

}  // namespace

StepGraph::StepGraph(std::uint32_t steps, std::span<const StepEdge> edges)
    : level_(steps, 0), order_(steps) {
  std::vector<StepEdge> kept;
  kept.reserve(edges.size());
  for (const StepEdge& edge : edges) {
    if (edge.from < steps && edge.to < steps && edge.from != edge.to) kept.push_back(edge);
  }
  kept = Sorted(steps, std::move(kept));
  kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
  const Numbers place = PlacesOf(steps, kept);
  std::erase_if(kept, [&](const StepEdge& edge) { return place[edge.from] > place[edge.to]; });
  Grouped children = GroupBy(steps, kept, From, To);
  Grouped parents = GroupBy(steps, kept, To, From);
  children_ = std::move(children.values);
  first_child_ = std::move(children.first);
  parents_ = std::move(parents.values);
  first_parent_ = std::move(parents.first);

  for (std::uint32_t step = 0; step < steps; ++step) order_[place[step]] = step;
  for (const std::uint32_t step : order_) {
    for (const std::uint32_t child : ChildrenOf(step)) {
      level_[child] = std::max(level_[child], level_[step] + 1);
    }
  }
  level_count_ = steps == 0 ? 0 : *std::ranges::max_element(level_) + 1;
  Numbers next(level_count_ + 1, 0);
  for (const std::uint32_t level : level_) ++next[level + 1];
  for (std::uint32_t i = 0; i < level_count_; ++i) next[i + 1] += next[i];
  for (std::uint32_t step = 0; step < steps; ++step) order_[next[level_[step]]++] = step;
}

}  // namespace tasker::config
