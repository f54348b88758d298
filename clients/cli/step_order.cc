#include "clients/cli/step_order.h"

#include <algorithm>
#include <deque>
#include <string>

#include "absl/container/flat_hash_map.h"

#include "clients/cli/state_text.h"

namespace tasker::cli {
namespace {

struct Graph {
  std::vector<std::vector<std::size_t>> parents;
  std::vector<std::vector<std::size_t>> children;
};

Graph BuildGraph(const v1::Task& task) {
  const auto count = static_cast<std::size_t>(task.steps_size());
  absl::flat_hash_map<std::string, std::size_t> index;
  for (std::size_t i = 0; i < count; ++i) index.emplace(task.steps(static_cast<int>(i)).name(), i);
  Graph graph;
  graph.parents.resize(count);
  graph.children.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    for (const auto& name : task.steps(static_cast<int>(i)).depends_on()) {
      const auto parent = index.find(name);
      if (parent == index.end()) continue;
      graph.parents[i].push_back(parent->second);
      graph.children[parent->second].push_back(i);
    }
  }
  return graph;
}

// Kahn's algorithm; what stands in a circle is never reached and gets the stage behind all others.
std::vector<std::size_t> FindStages(const Graph& graph) {
  const std::size_t count = graph.parents.size();
  std::vector<std::size_t> stages(count, count);
  std::vector<std::size_t> missing(count);
  std::deque<std::size_t> ready;
  for (std::size_t i = 0; i < count; ++i) {
    missing[i] = graph.parents[i].size();
    if (missing[i] == 0) ready.push_back(i);
  }
  for (; !ready.empty(); ready.pop_front()) {
    const std::size_t step = ready.front();
    stages[step] = 0;
    for (const std::size_t parent : graph.parents[step]) {
      stages[step] = std::max(stages[step], stages[parent] + 1);
    }
    for (const std::size_t child : graph.children[step]) {
      if (--missing[child] == 0) ready.push_back(child);
    }
  }
  return stages;
}

// Lower is shown sooner.
int ShowingRank(v1::StepState state) {
  switch (state) {
    case v1::STEP_STATE_ERROR:
      return 0;
    case v1::STEP_STATE_IN_PROGRESS:
    case v1::STEP_STATE_WAITING_FOR_RETRY:
      return 1;
    case v1::STEP_STATE_ENQUEUED:
      return 2;
    default:
      return IsFinished(state) ? 4 : 3;
  }
}

}  // namespace

std::vector<PlacedStep> OrderSteps(const v1::Task& task) {
  const Graph graph = BuildGraph(task);
  const auto stages = FindStages(graph);
  const std::size_t count = stages.size();
  std::vector<std::size_t> sizes(count + 1, 0);
  for (const std::size_t stage : stages) ++sizes[stage];

  std::vector<PlacedStep> placed(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto& parents = graph.parents[i];
    const bool all_before = std::all_of(parents.begin(), parents.end(), [&](std::size_t parent) {
      return stages[parent] + 1 == stages[i];
    });
    const bool root = stages[i] == 0;
    placed[i].step = &task.steps(static_cast<int>(i));
    placed[i].stage = stages[i];
    placed[i].depends_on_stage_before =
        root || (all_before && parents.size() == sizes[stages[i] - 1]);
  }
  std::stable_sort(placed.begin(), placed.end(),
                   [](const auto& a, const auto& b) { return a.stage < b.stage; });
  for (std::size_t i = 0; i < count; ++i) {
    placed[i].first_of_stage = i == 0 || placed[i - 1].stage != placed[i].stage;
    placed[i].last_of_stage = i + 1 == count || placed[i + 1].stage != placed[i].stage;
  }
  return placed;
}

std::vector<bool> ChooseSteps(const std::vector<PlacedStep>& steps, std::size_t budget) {
  std::vector<std::size_t> order(steps.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const int rank_a = ShowingRank(steps[a].step->state());
    const int rank_b = ShowingRank(steps[b].step->state());
    if (rank_a != rank_b) return rank_a < rank_b;
    // Of the finished ones the last are the news.
    return rank_a == 4 ? a > b : a < b;
  });
  std::vector<bool> shown(steps.size(), false);
  for (std::size_t i = 0; i < std::min(budget, order.size()); ++i) shown[order[i]] = true;
  return shown;
}

}  // namespace tasker::cli
