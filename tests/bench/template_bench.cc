// What it costs to compile a template, by its steps.
#include <benchmark/benchmark.h>

#include "clients/bench/workload.h"
#include "config/template_loader.h"

namespace tasker::bench {
namespace {

void Compile(benchmark::State& state, Workload (*make)(std::uint32_t)) {
  const Workload workload = make(static_cast<std::uint32_t>(state.range(0)));
  for (auto _ : state) {
    const config::LoadedTemplate loaded = config::LoadTemplate(workload.yaml, {});
    if (loaded.compiled == nullptr) state.SkipWithError("it cannot be loaded");
    benchmark::DoNotOptimize(loaded.compiled);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(workload.yaml.size()));
}
BENCHMARK_CAPTURE(Compile, chain, ChainWorkload)->RangeMultiplier(10)->Range(1, 100'000);
BENCHMARK_CAPTURE(Compile, random, DagWorkload)->RangeMultiplier(10)->Range(10, 100'000);

}  // namespace
}  // namespace tasker::bench

BENCHMARK_MAIN();
