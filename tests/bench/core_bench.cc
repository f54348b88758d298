// What the core alone costs: one task from its creation to its end, by number of steps. Time and
// memory are to be proportional to steps and edges, whatever the shape.
#include <deque>
#include <malloc.h>
#include <memory>
#include <random>
#include <string>

#include <benchmark/benchmark.h>

#include "engine/partition.h"

namespace tasker::engine {
namespace {

enum class Shape { kWide, kDeep, kRandom };

// Parents a step of a random graph has at most.
constexpr std::uint32_t kParentsMax = 3;

TaskTemplatePtr MakeTemplate(Shape shape, std::uint32_t steps) {
  std::mt19937 random(7);
  auto made = std::make_shared<TaskTemplate>();
  made->id = {"bench", "core", "1"};
  ParentLists parents(steps);
  for (std::uint32_t i = 0; i < steps; ++i) {
    if (shape == Shape::kDeep && i > 0) parents[i] = {StepIndex{i - 1}};
    // One before all, one behind all.
    if (shape == Shape::kWide && i > 0 && i + 1 < steps) parents[i] = {StepIndex{0}};
    if (shape == Shape::kWide && i > 0 && i + 1 == steps) {
      for (std::uint32_t k = 1; k < i; ++k) parents[i].push_back(StepIndex{k});
    }
    for (std::uint32_t k = 0; shape == Shape::kRandom && i > 0 && k < random() % kParentsMax; ++k) {
      const StepIndex parent{static_cast<std::uint32_t>(random() % i)};
      if (std::ranges::find(parents[i], parent) == parents[i].end()) parents[i].push_back(parent);
    }
    StepTemplate step;
    step.name = "s" + std::to_string(i);
    step.handler_class = "H";
    step.parents = parents[i];
    made->steps.push_back(std::move(step));
  }
  made->dag = Dag(parents);
  return made;
}

void RunTask(benchmark::State& state, Shape shape) {
  const auto steps = static_cast<std::uint32_t>(state.range(0));
  const TaskTemplatePtr made = MakeTemplate(shape, steps);
  const Timestamp now(std::chrono::hours(1));
  std::uint64_t seed = 0;
  double bytes = 0;
  for (auto _ : state) {
    Partition partition({}, ++seed);
    std::deque<AttemptToken> held;
    const auto apply = [&](Command command) {
      Effects effects;
      benchmark::DoNotOptimize(partition.Apply(std::move(command), now, effects));
      for (const Assignment& each : effects.assignments) held.push_back(each.token);
    };
    apply(RegisterHandler{SessionId{1}, "h", "h", 64, {{"H", "", "", 0}}, {}});
    const std::size_t before = mallinfo2().uordblks;
    apply(CreateTask{*TaskId::FromBytes("0123456789abcdef"), made, MakePayload("{}"), {}});
    bytes = static_cast<double>(mallinfo2().uordblks - before);
    while (!held.empty()) {
      const AttemptToken token = held.front();
      held.pop_front();
      apply(CompleteAttempt{SessionId{1}, token, MakePayload("{}")});
    }
    if (partition.open_tasks() != 0) state.SkipWithError("the task did not end");
  }
  state.SetItemsProcessed(state.iterations() * steps);
  state.counters["bytes_a_step"] = bytes / steps;
}

BENCHMARK_CAPTURE(RunTask, wide, Shape::kWide)->RangeMultiplier(10)->Range(1000, 100'000);
BENCHMARK_CAPTURE(RunTask, deep, Shape::kDeep)->RangeMultiplier(10)->Range(1000, 100'000);
BENCHMARK_CAPTURE(RunTask, random, Shape::kRandom)->RangeMultiplier(10)->Range(1000, 100'000);

}  // namespace
}  // namespace tasker::engine

BENCHMARK_MAIN();
