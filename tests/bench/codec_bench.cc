// What records cost to encode and to decode: a task, a step, a commit's rows, its events.
#include <benchmark/benchmark.h>

#include "engine/tasks/record_codec.h"
#include "tests/bench/written_work.h"

namespace tasker::bench {
namespace {

void EncodeTask(benchmark::State& state) {
  WrittenWork work;
  static_cast<void>(work.Next());
  std::size_t bytes = 0;
  for (auto _ : state) {
    const std::string record = engine::EncodeTask(work.Look());
    bytes = record.size();
    benchmark::DoNotOptimize(record);
  }
  state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(EncodeTask);

void EncodeStep(benchmark::State& state) {
  WrittenWork work;
  storage::v1::StepRecord scratch;
  static_cast<void>(work.Next());
  std::size_t bytes = 0;
  for (auto _ : state) {
    const std::string record = engine::EncodeStep(work.Look().steps.front(), scratch);
    bytes = record.size();
    benchmark::DoNotOptimize(record);
  }
  state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(EncodeStep);

void DecodeTask(benchmark::State& state) {
  const auto steps = static_cast<std::uint32_t>(state.range(0));
  const engine::TaskTemplatePtr made = engine::MakeTemplate(engine::Shape::kRandom, steps);
  engine::Partition partition({}, 1);
  engine::Effects effects;
  const engine::Timestamp now(std::chrono::hours(1));
  const engine::TaskId id = engine::BenchTaskId(1);
  static_cast<void>(
      partition.Apply(engine::CreateTask{id, made, engine::MakePayload("{}"), {}}, now, effects));
  engine::StoredTask stored;
  stored.id = id;
  stored.task_template = made;
  stored.context = engine::MakePayload("{}");
  stored.record.ParseFromString(engine::EncodeTask(*partition.Look(id)));
  storage::v1::StepRecord scratch;
  for (std::uint32_t i = 0; i < steps; ++i) {
    stored.steps.emplace_back(engine::StepIndex{i}, storage::v1::StepRecord());
    stored.steps.back().second.ParseFromString(
        engine::EncodeStep(partition.Look(id)->steps[i], scratch));
  }
  for (auto _ : state) {
    auto decoded = engine::DecodeTask(stored);
    if (!decoded.ok()) state.SkipWithError("it cannot be decoded");
    benchmark::DoNotOptimize(decoded);
  }
  state.SetItemsProcessed(state.iterations() * steps);
}
BENCHMARK(DecodeTask)->RangeMultiplier(10)->Range(10, 100'000);

// From the effects of one result to the rows of a batch, events included.
void BatchOfAStep(benchmark::State& state) {
  WrittenWork work;
  std::vector<engine::Effects> effects;
  for (int i = 0; i < 1000; ++i) effects.push_back(work.Next());
  storage::Batch batch;
  BatchMaker maker(batch);
  std::size_t at = 0;
  std::size_t bytes = 0;
  std::size_t changes = 0;
  for (auto _ : state) {
    maker.Begin(storage::Sequence{1});
    maker.Add(effects[at]);
    maker.End();
    at = (at + 1) % effects.size();
    bytes += batch.bytes();
    changes += batch.size();
  }
  state.counters["bytes_a_step"] =
      benchmark::Counter(static_cast<double>(bytes), benchmark::Counter::kAvgIterations);
  state.counters["rows_a_step"] =
      benchmark::Counter(static_cast<double>(changes), benchmark::Counter::kAvgIterations);
}
BENCHMARK(BatchOfAStep);

}  // namespace
}  // namespace tasker::bench

BENCHMARK_MAIN();
