// The graph under analysis and pictures, against plain and slow ways to the same answers.
#include "config/analysis/step_graph.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/analysis/longest_path.h"
#include "config/analysis/reachability.h"

namespace tasker::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Edges = std::vector<StepEdge>;

// Below `bound`.
std::uint32_t Draw(std::mt19937& chance, std::uint32_t bound) {
  return static_cast<std::uint32_t>(chance() % bound);
}

std::vector<std::uint32_t> List(std::span<const std::uint32_t> numbers) {
  return {numbers.begin(), numbers.end()};
}

// From lower numbers to higher ones, shuffled so that the numbers say nothing of the order.
Edges RandomEdges(std::mt19937& chance, std::uint32_t steps, double density) {
  std::vector<std::uint32_t> number(steps);
  for (std::uint32_t i = 0; i < steps; ++i) number[i] = i;
  std::ranges::shuffle(number, chance);
  Edges edges;
  std::bernoulli_distribution there(density);
  for (std::uint32_t from = 0; from < steps; ++from) {
    for (std::uint32_t to = from + 1; to < steps; ++to) {
      if (there(chance)) edges.push_back({number[from], number[to]});
    }
  }
  std::ranges::shuffle(edges, chance);
  return edges;
}

// What can be reached from `from` over one edge or more, over steps that `skip` does not have.
std::vector<bool> ReachedFrom(const StepGraph& graph, std::uint32_t from,
                              const std::vector<bool>& skip) {
  std::vector<bool> reached(graph.size(), false);
  std::vector<std::uint32_t> left = {from};
  while (!left.empty()) {
    const std::uint32_t step = left.back();
    left.pop_back();
    if (step != from && !skip.empty() && skip[step]) continue;
    for (const std::uint32_t child : graph.ChildrenOf(step)) {
      if (reached[child]) continue;
      reached[child] = true;
      left.push_back(child);
    }
  }
  return reached;
}

TEST(StepGraph, OrdersByLevelAndThenByNumber) {
  const StepGraph graph(5, Edges{{3, 0}, {3, 1}, {0, 2}, {1, 2}, {3, 2}, {3, 0}});
  EXPECT_EQ(graph.edge_count(), 5u);
  EXPECT_THAT(List(graph.order()), ElementsAre(3, 4, 0, 1, 2));
  EXPECT_EQ(graph.level_count(), 3u);
  EXPECT_EQ(graph.LevelOf(2), 2u);
  EXPECT_THAT(List(graph.ChildrenOf(3)), ElementsAre(0, 1, 2));
  EXPECT_THAT(List(graph.ParentsOf(2)), ElementsAre(0, 1, 3));
}

TEST(StepGraph, LeavesOutWhatIsNotThereAndWhatClosesACycle) {
  const StepGraph graph(3, Edges{{0, 1}, {1, 2}, {2, 0}, {1, 1}, {7, 1}, {1, 7}});
  EXPECT_EQ(graph.edge_count(), 2u);
  EXPECT_THAT(List(graph.order()), ElementsAre(0, 1, 2));
  EXPECT_EQ(StepGraph(0, {}).level_count(), 0u);
}

TEST(StepGraph, HoldsInRandomGraphs) {
  std::mt19937 chance(1);
  for (int round = 0; round < 200; ++round) {
    const std::uint32_t steps = 1 + Draw(chance, 40);
    Edges edges = RandomEdges(chance, steps, 0.15);
    // Some against the order of work.
    if (round % 2 == 0 && !edges.empty()) edges.push_back({edges[0].to, edges[0].from});
    const StepGraph graph(steps, edges);
    std::vector<std::uint32_t> place(steps);
    for (std::uint32_t i = 0; i < steps; ++i) place[graph.order()[i]] = i;
    for (std::uint32_t step = 0; step < steps; ++step) {
      std::uint32_t level = 0;
      for (const std::uint32_t parent : graph.ParentsOf(step)) {
        EXPECT_LT(place[parent], place[step]);
        level = std::max(level, graph.LevelOf(parent) + 1);
      }
      EXPECT_EQ(graph.LevelOf(step), level);
    }
    if (round % 2 == 1) {
      EXPECT_EQ(graph.edge_count(), edges.size());
    }
  }
}

TEST(Reach, CountsWhatIsBehindAndFindsWhatIsImplied) {
  std::mt19937 chance(2);
  for (int round = 0; round < 60; ++round) {
    // Now and then more than one block of columns.
    const std::uint32_t steps = round % 20 == 19 ? 1300 : 1 + Draw(chance, 60);
    const StepGraph graph(steps, RandomEdges(chance, steps, steps > 100 ? 0.002 : 0.12));
    std::vector<bool> skip(steps, false);
    if (round % 2 == 1) {
      for (std::uint32_t i = 0; i < steps; ++i) skip[i] = Draw(chance, 4) == 0;
    }
    const auto reach = Reach(graph, skip);
    ASSERT_TRUE(reach.has_value());
    Edges implied;
    std::vector<std::vector<bool>> reached;
    for (std::uint32_t step = 0; step < steps; ++step) {
      reached.push_back(ReachedFrom(graph, step, skip));
      const auto all = ReachedFrom(graph, step, {});
      EXPECT_EQ(reach->behind[step], std::ranges::count(all, true));
    }
    for (std::uint32_t from = 0; from < steps; ++from) {
      for (const std::uint32_t to : graph.ChildrenOf(from)) {
        const auto children = graph.ChildrenOf(from);
        if (std::ranges::any_of(
                children, [&](std::uint32_t via) { return !skip[via] && reached[via][to]; })) {
          implied.push_back({from, to});
        }
      }
    }
    ASSERT_EQ(reach->implied_count, implied.size());
    for (std::size_t i = 0; i < std::min(implied.size(), kImpliedMax); ++i) {
      EXPECT_EQ(reach->implied[i].edge, implied[i]);
      const std::uint32_t via = reach->implied[i].via;
      EXPECT_FALSE(skip[via]);
      EXPECT_TRUE(reached[via][implied[i].to]);
      EXPECT_TRUE(std::ranges::count(graph.ChildrenOf(implied[i].from), via) == 1);
    }
  }
}

TEST(Reach, TakesTenThousandStepsAndRefusesWhatWouldTakeLong) {
  std::mt19937 chance(3);
  Edges edges;
  for (int i = 0; i < 100'000; ++i) {
    const std::uint32_t a = Draw(chance, 10'000);
    const std::uint32_t b = Draw(chance, 10'000);
    edges.push_back({std::min(a, b), std::max(a, b)});
  }
  EXPECT_TRUE(Reach(StepGraph(10'000, edges), {}).has_value());
  edges.clear();
  for (std::uint32_t i = 0; i + 100 < 100'000; ++i) {
    for (std::uint32_t d = 1; d <= 10; ++d) edges.push_back({i, i + d});
  }
  EXPECT_FALSE(Reach(StepGraph(100'000, edges), {}).has_value());
}

// Over all ways that end at `step`.
PathWeight HeaviestTo(const StepGraph& graph, std::span<const PathWeight> weights,
                      std::uint32_t step) {
  PathWeight best;
  for (const std::uint32_t parent : graph.ParentsOf(step)) {
    best = std::max(best, HeaviestTo(graph, weights, parent));
  }
  return {best.first + weights[step].first, best.second + weights[step].second};
}

TEST(FindLongestPath, IsTheHeaviestOfAllWays) {
  std::mt19937 chance(4);
  for (int round = 0; round < 200; ++round) {
    const std::uint32_t steps = 1 + Draw(chance, 14);
    const StepGraph graph(steps, RandomEdges(chance, steps, 0.3));
    std::vector<PathWeight> weights(steps);
    for (PathWeight& weight : weights) {
      weight = {static_cast<std::int64_t>(Draw(chance, 4)),
                static_cast<std::int64_t>(Draw(chance, 3))};
    }
    const LongestPath path = FindLongestPath(graph, weights);
    PathWeight heaviest;
    for (std::uint32_t i = 0; i < steps; ++i) {
      heaviest = std::max(heaviest, HeaviestTo(graph, weights, i));
    }
    EXPECT_EQ(path.weight, heaviest);
    PathWeight sum;
    for (std::size_t i = 0; i < path.steps.size(); ++i) {
      sum = {sum.first + weights[path.steps[i]].first, sum.second + weights[path.steps[i]].second};
      if (i == 0) continue;
      EXPECT_EQ(std::ranges::count(graph.ParentsOf(path.steps[i]), path.steps[i - 1]), 1);
    }
    EXPECT_EQ(sum, path.weight);
  }
}

TEST(FindLongestPath, NeverOverflows) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  const StepGraph graph(3, Edges{{0, 1}, {1, 2}});
  const LongestPath path = FindLongestPath(graph, std::vector<PathWeight>(3, {kMax, 1}));
  EXPECT_EQ(path.weight, (PathWeight{kMax, 3}));
  EXPECT_THAT(FindLongestPath(StepGraph(), {}).steps, IsEmpty());
}

}  // namespace
}  // namespace tasker::config
