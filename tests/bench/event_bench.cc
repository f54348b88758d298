// What events cost their subscribers: to be matched by a filter, and to be put into the contract's
// words.
#include <benchmark/benchmark.h>

#include "service/events/event_cursor.h"
#include "service/events/event_filter.h"
#include "service/events/event_view.h"
#include "tests/bench/written_work.h"

namespace tasker::bench {
namespace {

// Of a few tasks, all kinds that a chain has.
std::vector<storage::v1::EventRecord> SomeEvents() {
  WrittenWork work;
  std::vector<storage::v1::EventRecord> events;
  for (int i = 0; i < 50; ++i) {
    const engine::Effects effects = work.Next();
    events.insert(events.end(), effects.events.begin(), effects.events.end());
  }
  return events;
}

void Render(benchmark::State& state) {
  const auto events = SomeEvents();
  const service::EventCursor cursor{storage::PartitionId{0}, storage::Sequence{123'456}, 7};
  std::size_t at = 0;
  std::size_t bytes = 0;
  for (auto _ : state) {
    const v1::Event event = service::ViewOf(events[at], cursor);
    benchmark::DoNotOptimize(event);
    bytes += event.payload().size();
    at = (at + 1) % events.size();
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["payload_bytes"] =
      benchmark::Counter(static_cast<double>(bytes), benchmark::Counter::kAvgIterations);
}
BENCHMARK(Render);

void Filter(benchmark::State& state, const v1::EventFilter& wanted) {
  const auto events = SomeEvents();
  const auto filter = service::EventFilter::Make(wanted);
  if (!filter.ok()) return state.SkipWithError("no filter");
  const service::EventCursor place{storage::PartitionId{0}, storage::Sequence{123'456}, 7};
  std::size_t at = 0;
  std::size_t matched = 0;
  for (auto _ : state) {
    matched += filter->Matches(events[at], place) ? 1 : 0;
    at = (at + 1) % events.size();
  }
  benchmark::DoNotOptimize(matched);
  state.SetItemsProcessed(state.iterations());
}

v1::EventFilter Named(std::initializer_list<const char*> names) {
  v1::EventFilter filter;
  for (const char* name : names) filter.add_names(name);
  return filter;
}
BENCHMARK_CAPTURE(Filter, all, v1::EventFilter());
BENCHMARK_CAPTURE(Filter, name, Named({"task.completed"}));
BENCHMARK_CAPTURE(Filter, three_names, Named({"task.completed", "task.failed", "task.cancelled"}));
BENCHMARK_CAPTURE(Filter, pattern, Named({"*.completed"}));
BENCHMARK_CAPTURE(Filter, task_name, [] {
  v1::EventFilter filter;
  filter.set_task_name("core");
  return filter;
}());

}  // namespace
}  // namespace tasker::bench

BENCHMARK_MAIN();
