// What the core alone costs: one task from its creation to its end, by number of steps. Time and
// memory are to be proportional to steps and edges, whatever the shape.
#include <deque>
#include <malloc.h>
#include <memory>
#include <string>

#include <benchmark/benchmark.h>

#include "engine/partition.h"
#include "tests/bench/core_world.h"

namespace tasker::engine {
namespace {

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

BENCHMARK_CAPTURE(RunTask, wide, Shape::kWide)->RangeMultiplier(10)->Range(10, 100'000);
BENCHMARK_CAPTURE(RunTask, deep, Shape::kDeep)->RangeMultiplier(10)->Range(10, 100'000);
BENCHMARK_CAPTURE(RunTask, random, Shape::kRandom)->RangeMultiplier(10)->Range(10, 100'000);

// One command at a time, in a partition whose one task has so many steps.

constexpr Timestamp kNow(std::chrono::hours(1));

RegisterHandler HandlerOf(SessionId session, std::uint32_t concurrency) {
  return {session, "h", "h", concurrency, {{"H", "", "", 0}}, {}};
}

// The task is created, and dropped with its partition outside of what is measured.
void ApplyCreateTask(benchmark::State& state) {
  const TaskTemplatePtr made =
      MakeTemplate(Shape::kRandom, static_cast<std::uint32_t>(state.range(0)));
  const Payload context = MakePayload("{}");
  std::uint64_t number = 0;
  auto partition = std::make_unique<Partition>(PartitionSettings{}, 1);
  for (auto _ : state) {
    Effects effects;
    benchmark::DoNotOptimize(
        partition->Apply(CreateTask{BenchTaskId(++number), made, context, {}}, kNow, effects));
    // So that memory does not grow for ever.
    if (number * static_cast<std::uint64_t>(state.range(0)) % 1'000'000 == 0) {
      state.PauseTiming();
      partition = std::make_unique<Partition>(PartitionSettings{}, number);
      state.ResumeTiming();
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(ApplyCreateTask)->RangeMultiplier(10)->Range(10, 100'000);

// A result, and the assignment that follows from it: what a step costs the core.
void ApplyCompleteAttempt(benchmark::State& state) {
  const auto steps = static_cast<std::uint32_t>(state.range(0));
  const TaskTemplatePtr made = MakeTemplate(Shape::kDeep, steps);
  const Payload results = MakePayload(R"({"ok":true})");
  Partition partition({}, 1);
  std::deque<AttemptToken> held;
  std::uint64_t number = 0;
  const auto apply = [&](Command command) {
    Effects effects;
    benchmark::DoNotOptimize(partition.Apply(std::move(command), kNow, effects));
    for (const Assignment& each : effects.assignments) held.push_back(each.token);
  };
  apply(HandlerOf(SessionId{1}, 64));
  for (auto _ : state) {
    if (held.empty()) {
      state.PauseTiming();
      apply(CreateTask{BenchTaskId(++number), made, MakePayload("{}"), {}});
      state.ResumeTiming();
    }
    const AttemptToken token = held.front();
    held.pop_front();
    apply(CompleteAttempt{SessionId{1}, token, results});
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ApplyCompleteAttempt)->RangeMultiplier(10)->Range(10, 100'000);

// An attempt that fails and is to be tried again later.
void ApplyFailAttempt(benchmark::State& state) {
  const auto steps = static_cast<std::uint32_t>(state.range(0));
  const TaskTemplatePtr made = MakeTemplate(Shape::kWide, steps);
  std::deque<AttemptToken> held;
  std::unique_ptr<Partition> partition;
  std::uint64_t number = 0;
  const auto apply = [&](Command command) {
    Effects effects;
    benchmark::DoNotOptimize(partition->Apply(std::move(command), kNow, effects));
    for (const Assignment& each : effects.assignments) held.push_back(each.token);
  };
  v1::Failure failure;
  failure.set_message("no");
  failure.set_error_class("E");
  failure.set_retryable(true);
  for (auto _ : state) {
    if (held.empty()) {
      state.PauseTiming();
      partition = std::make_unique<Partition>(PartitionSettings{}, ++number);
      apply(HandlerOf(SessionId{1}, 100'000));
      apply(CreateTask{BenchTaskId(number), made, MakePayload("{}"), {}});
      const AttemptToken first = held.front();
      held.pop_front();
      apply(CompleteAttempt{SessionId{1}, first, MakePayload("{}")});
      state.ResumeTiming();
    }
    const AttemptToken token = held.front();
    held.pop_front();
    apply(FailAttempt{SessionId{1}, token, failure});
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ApplyFailAttempt)->RangeMultiplier(10)->Range(10, 100'000);

// A task of so many steps is cancelled.
void ApplyCancelTask(benchmark::State& state) {
  const auto steps = static_cast<std::uint32_t>(state.range(0));
  const TaskTemplatePtr made = MakeTemplate(Shape::kRandom, steps);
  Partition partition({}, 1);
  std::uint64_t number = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const TaskId id = BenchTaskId(++number);
    Effects created;
    benchmark::DoNotOptimize(
        partition.Apply(CreateTask{id, made, MakePayload("{}"), {}}, kNow, created));
    state.ResumeTiming();
    Effects effects;
    benchmark::DoNotOptimize(partition.Apply(CancelTask{id, "a", "r"}, kNow, effects));
  }
  state.SetItemsProcessed(state.iterations() * steps);
}
BENCHMARK(ApplyCancelTask)->RangeMultiplier(10)->Range(10, 100'000);

// A handler connects again without what it held, while so many steps wait: those are handed out
// anew.
void ApplyRegisterHandler(benchmark::State& state) {
  const auto steps = static_cast<std::uint32_t>(state.range(0));
  Partition partition({}, 1);
  Effects created;
  auto roots = std::make_shared<TaskTemplate>(*MakeTemplate(Shape::kWide, steps));
  for (StepTemplate& step : roots->steps) step.parents.clear();
  roots->dag = Dag(ParentLists(steps));
  benchmark::DoNotOptimize(
      partition.Apply(CreateTask{BenchTaskId(1), roots, MakePayload("{}"), {}}, kNow, created));
  std::uint64_t session = 0;
  for (auto _ : state) {
    Effects effects;
    ++session;
    benchmark::DoNotOptimize(partition.Apply(HandlerOf(SessionId{session}, 8), kNow, effects));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ApplyRegisterHandler)->RangeMultiplier(10)->Range(10, 100'000);

// Steps that wait are handed out one by one: a credit, and the assignment that it brings. What the
// ready queues and the choice of a handler cost.
void Dispatch(benchmark::State& state) {
  const auto steps = static_cast<std::uint32_t>(state.range(0));
  auto roots = std::make_shared<TaskTemplate>(*MakeTemplate(Shape::kWide, steps));
  for (StepTemplate& step : roots->steps) step.parents.clear();
  roots->dag = Dag(ParentLists(steps));
  std::unique_ptr<Partition> partition;
  std::uint64_t number = 0;
  std::uint64_t left = 0;
  std::uint64_t credits = 0;
  for (auto _ : state) {
    if (left == 0) {
      state.PauseTiming();
      partition = std::make_unique<Partition>(PartitionSettings{}, ++number);
      RegisterHandler handler = HandlerOf(SessionId{1}, 100'000);
      handler.by_credits = true;
      Effects effects;
      benchmark::DoNotOptimize(partition->Apply(std::move(handler), kNow, effects));
      benchmark::DoNotOptimize(partition->Apply(
          CreateTask{BenchTaskId(number), roots, MakePayload("{}"), {}}, kNow, effects));
      left = steps;
      credits = 0;
      state.ResumeTiming();
    }
    Effects effects;
    benchmark::DoNotOptimize(
        partition->Apply(GrantCredits{SessionId{1}, ++credits}, kNow, effects));
    left -= effects.assignments.size();
    if (effects.assignments.size() != 1) state.SkipWithError("a credit brought no step");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Dispatch)->RangeMultiplier(10)->Range(10, 100'000);

}  // namespace
}  // namespace tasker::engine

BENCHMARK_MAIN();
