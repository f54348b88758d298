// What a commit costs, by how many steps share it: RocksDB on a disk, synced, and the store in
// memory. The folder is made in the working folder, or in $TASKER_BENCH_FOLDER.
#include <cstdlib>
#include <iostream>
#include <memory>
#include <unistd.h>

#include <benchmark/benchmark.h>

#include "clients/bench/process_usage.h"
#include "clients/bench/scratch_folder.h"
#include "storage/memory_store.h"
#include "storage/rocksdb_store.h"
#include "tests/bench/written_work.h"

namespace tasker::bench {
namespace {

constexpr storage::PartitionId kPartition{0};

void CommitTo(storage::Store& store, benchmark::State& state) {
  const auto own = store.Acquire(kPartition);
  if (!own.ok()) return state.SkipWithError("no partition");
  storage::Sequence sequence = own->last_sequence;
  WrittenWork work;
  storage::Batch batch;
  BatchMaker maker(batch);
  const std::uint64_t syncs = store.SyncCount();
  const auto cpu = CpuTimeOf(getpid());
  for (auto _ : state) {
    state.PauseTiming();
    sequence = storage::Next(sequence);
    maker.Begin(sequence);
    for (std::int64_t i = 0; i < state.range(0); ++i) maker.Add(work.Next());
    maker.End();
    state.ResumeTiming();
    const storage::CommitResult result = store.Commit(kPartition, own->epoch, sequence, batch);
    if (!result.detail.ok()) state.SkipWithError("it was not committed");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["syncs"] = benchmark::Counter(static_cast<double>(store.SyncCount() - syncs),
                                               benchmark::Counter::kAvgIterations);
  // Of all threads, with what it costs to make the batches.
  state.counters["cpu_us_a_step"] = static_cast<double>((*CpuTimeOf(getpid()) - *cpu).count()) /
                                    1e3 / static_cast<double>(state.iterations() * state.range(0));
}

void CommitToRocksDb(benchmark::State& state) {
  const char* const named = std::getenv("TASKER_BENCH_FOLDER");
  const auto folder = ScratchFolder::Make(named == nullptr ? "." : named, false);
  if (!folder.ok()) return state.SkipWithError(std::string(folder.status().message()).c_str());
  storage::RocksDbOptions options;
  options.folder = (*folder)->path() + "/store";
  const auto store = storage::OpenRocksDbStore(options);
  if (!store.ok()) return state.SkipWithError("no store");
  CommitTo(**store, state);
}
BENCHMARK(CommitToRocksDb)->RangeMultiplier(4)->Range(1, 256)->UseRealTime();

void CommitToMemory(benchmark::State& state) {
  storage::MemoryStore store;
  CommitTo(store, state);
}
BENCHMARK(CommitToMemory)->RangeMultiplier(4)->Range(1, 256)->UseRealTime();

}  // namespace
}  // namespace tasker::bench

BENCHMARK_MAIN();
