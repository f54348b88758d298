// What the shape of a template says of how its tasks will run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/analysis/advice.h"
#include "config/analysis/longest_path.h"
#include "config/analysis/step_graph.h"
#include "engine/model/task_template.h"

namespace tasker::config {

// What is told of one step.
struct StepFacts {
  // How long one attempt may take, as far as the template says: a wait's length, the timeout of a
  // signal, else `timeouts.start_to_close`. Nullopt: it does not say.
  std::optional<engine::Duration> expected;
  // Whether a decision may leave it out.
  bool may_be_left_out = false;
  bool on_critical_path = false;
  // Steps that depend on it, directly or not, and so cannot go on when it fails. Nullopt in graphs
  // too large to count in, see Reach.
  std::optional<std::uint32_t> blocks;
  // Steps on the longest way that begins behind it.
  std::uint32_t chain_behind = 0;
};

// Through which much of the work must pass.
struct Bottleneck {
  std::uint32_t step = 0;
  // Whether every other step comes before it or behind it.
  bool everything_passes = false;
};

// The way that takes longest by what the template says; steps that say nothing count as no time.
struct SlowestPath {
  std::vector<std::uint32_t> steps;
  engine::Duration expected{};
  // Steps on it that do not say how long they may take.
  std::uint32_t unknown_steps = 0;
};

// Steps are meant by their numbers in the template. Those that run only after a failure belong to
// no level, and are neither roots nor leaves nor on any path.
struct TemplateAnalysis {
  StepGraph graph;
  std::vector<StepFacts> steps;
  // By level: roots first. Steps of a level can run side by side.
  std::vector<std::vector<std::uint32_t>> levels;
  // What needs no other step, and what no other step needs.
  std::vector<std::uint32_t> roots;
  std::vector<std::uint32_t> leaves;
  // Compensations and `on_failure` steps.
  std::vector<std::uint32_t> reserve;
  // The way of most steps; of equals the one of most expected time.
  std::vector<std::uint32_t> critical_path;
  // Nullopt if no step says how long it may take.
  std::optional<SlowestPath> slowest_path;
  // Most steps on one level, which can surely run side by side; more may.
  std::uint32_t width = 0;
  std::uint32_t widest_level = 0;
  // All ordinary steps over those of the critical path: the best possible speed-up against one
  // step at a time, were all steps equal. 1 where the template is not concurrent.
  double parallelism = 0;
  // At most kListedMax each, those first that hold up most.
  std::vector<Bottleneck> bottlenecks;
  // Steps whose failure holds up others, by how many.
  std::vector<std::uint32_t> error_chains;
  std::vector<Advice> advice;
};

inline constexpr std::size_t kListedMax = 10;

// Pure. O(steps + edges), but for `blocks` and implied dependencies, see Reach.
TemplateAnalysis AnalyzeTemplate(const engine::TaskTemplate& analyzed);

}  // namespace tasker::config
