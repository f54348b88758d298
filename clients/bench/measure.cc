#include "clients/bench/measure.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/cleanup/cleanup.h"

#include "clients/bench/load.h"

namespace tasker::bench {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr double kMebibyte = 1 << 20;
// More is of no use to handlers that take no time.
constexpr std::uint32_t kConcurrencyMax = 2048;
constexpr std::uint32_t kConcurrencyMin = 16;
constexpr std::uint32_t kThreadsMax = 64;
// A task of 100,000 steps may be minutes without a completed task.
constexpr std::chrono::minutes kWholeTaskMax{30};

LoadOptions LoadOf(const TestBed& bed, const Case& what) {
  LoadOptions load;
  load.server = bed.address();
  load.task_name = what.workload.task_name;
  load.namespace_name = what.workload.namespace_name;
  load.context = what.workload.context;
  load.in_flight = what.in_flight;
  load.rate = what.rate;
  load.warmup = what.warmup;
  load.window = what.window;
  load.creation_only = !what.workload.handled;
  if (what.workload.whole_tasks || !what.workload.handled || what.tasks > 0) {
    load.tasks = std::max<std::uint64_t>(what.tasks, 1);
  }
  if (what.workload.whole_tasks) load.stall_max = kWholeTaskMax;
  return load;
}

absl::StatusOr<LoadResult> RunLoad(TestBed& bed, const LoadOptions& options, bool threads,
                                   Interrupt& interrupt) {
  if (absl::Status status = interrupt.status(); !status.ok()) return status;
  const UsageProbe probe = bed.Probe(threads);
  Load load(options, [&probe] { return probe.Read(); });
  const auto abort = [&load](const std::string& reason) { load.Abort(reason); };
  bed.WatchExit(abort);
  interrupt.Watch(abort);
  // The watchers outlive the load.
  const absl::Cleanup unwatch = [&] {
    bed.WatchExit([](const std::string&) {});
    interrupt.Watch(nullptr);
  };
  return load.Run();
}

// The first task of all finds connections to make and caches to fill, and handlers that may not be
// there yet.
absl::Status WarmUp(TestBed& bed, Interrupt& interrupt) {
  const Workload one = ChainWorkload(1);
  if (absl::Status applied = bed.Apply(one); !applied.ok()) return applied;
  Case warmup;
  warmup.workload = one;
  warmup.in_flight = 1;
  warmup.tasks = 1;
  return RunLoad(bed, LoadOf(bed, warmup), false, interrupt).status();
}

std::vector<ThreadUsage> Between(const std::vector<ThreadUsage>& begin,
                                 const std::vector<ThreadUsage>& end) {
  std::vector<ThreadUsage> used = end;
  for (ThreadUsage& each : used) {
    for (const ThreadUsage& before : begin) {
      if (before.name != each.name) continue;
      // Threads that have ended since take with them what they had used.
      each.cpu = std::max(each.cpu - before.cpu, std::chrono::nanoseconds(0));
      each.waited_for_core =
          std::max(each.waited_for_core - before.waited_for_core, std::chrono::nanoseconds(0));
      each.switches_to_wait -= std::min(each.switches_to_wait, before.switches_to_wait);
      each.switches_forced -= std::min(each.switches_forced, before.switches_forced);
    }
  }
  return used;
}

double PerStep(double amount, double steps) { return steps > 0 ? amount / steps : kUnknown; }

void AddMakespan(const Workload& workload, const LoadResult& load, Figures& figures) {
  const double makespan = PercentileMs(load.latencies, 0.5);
  figures.Set("makespan_ms", makespan);
  if (workload.critical_path_ms <= 0) return;
  const double allowed = workload.critical_path_ms + workload.levels;
  figures.Set("critical_path_ms", workload.critical_path_ms);
  figures.Set("levels", workload.levels);
  figures.Set("allowed_ms", allowed);
  figures.Set("overhead_ms_per_level", (makespan - workload.critical_path_ms) / workload.levels);
}

Run RunOf(const Case& what, const LoadResult& load, double peak_bytes, double begin_bytes) {
  const double seconds = load.window.count();
  const auto tasks = static_cast<double>(load.completed);
  Run run;
  run.steps = what.workload.handled ? tasks * what.workload.steps : 0;
  const bool cpu_known = load.begin.server_cpu_us >= 0 && load.end.server_cpu_us >= 0;
  const double cpu = cpu_known ? load.end.server_cpu_us - load.begin.server_cpu_us : kUnknown;
  const bool syncs_known = load.begin.syncs >= 0 && load.end.syncs >= 0;
  const double syncs = syncs_known ? load.end.syncs - load.begin.syncs : kUnknown;
  const double handler_cpu = load.end.handler_cpu_us - load.begin.handler_cpu_us;
  const double generator_cpu = load.end.generator_cpu_us - load.begin.generator_cpu_us;

  Figures& figures = run.figures;
  figures.Set("workflows_per_second", tasks / seconds);
  figures.Set("steps_per_second", what.workload.handled ? run.steps / seconds : kUnknown);
  figures.Set("p50_ms", PercentileMs(load.latencies, 0.50));
  figures.Set("p95_ms", PercentileMs(load.latencies, 0.95));
  figures.Set("p99_ms", PercentileMs(load.latencies, 0.99));
  figures.Set("server_cpu_us_per_step", PerStep(cpu, run.steps));
  figures.Set("syncs_per_step", PerStep(syncs, run.steps));
  figures.Set("peak_rss_mb", peak_bytes >= 0 ? peak_bytes / kMebibyte : kUnknown);
  figures.Set("p999_ms", PercentileMs(load.latencies, 0.999));
  figures.Set("max_ms", PercentileMs(load.latencies, 1));
  figures.Set("server_cpu_us_per_workflow", cpu / tasks);
  figures.Set("server_cores", cpu / 1e6 / seconds);
  figures.Set("syncs_per_second", syncs / seconds);
  figures.Set("handler_cpu_us_per_step", PerStep(handler_cpu, run.steps));
  figures.Set("generator_cpu_us_per_step", PerStep(generator_cpu, run.steps));
  figures.Set("generator_cpu_us_per_workflow", generator_cpu / tasks);
  figures.Set("workflows", tasks);
  figures.Set("seconds", seconds);
  if (what.rate > 0) {
    figures.Set("wanted_workflows_per_second", what.rate);
    figures.Set("unfinished", static_cast<double>(load.unfinished));
  }
  if (!what.workload.handled && peak_bytes >= 0 && begin_bytes >= 0) {
    figures.Set("bytes_per_workflow", (peak_bytes - begin_bytes) / tasks);
  }
  if (what.workload.whole_tasks) AddMakespan(what.workload, load, figures);
  run.threads = Between(load.begin.threads, load.end.threads);
  return run;
}

}  // namespace

HandlerOptions FittingHandlers(const Workload& workload, std::uint32_t in_flight,
                               HandlerOptions wanted) {
  if (workload.sleeps) {
    if (wanted.concurrency == 0) wanted.concurrency = std::max(workload.width, 1u);
    wanted.sleeping = wanted.threads == 0;
  }
  if (wanted.concurrency == 0) {
    // A thread for each, in those languages.
    const bool threads = wanted.language == "python" || wanted.language == "ruby";
    const std::uint64_t ready = std::uint64_t{in_flight} * workload.width;
    wanted.concurrency = static_cast<std::uint32_t>(
        std::clamp<std::uint64_t>(ready, kConcurrencyMin, threads ? kThreadsMax : kConcurrencyMax));
  }
  return wanted;
}

absl::StatusOr<Run> MeasureAfresh(const BedOptions& options, const Case& what,
                                  Interrupt& interrupt) {
  if (absl::Status status = interrupt.status(); !status.ok()) return status;
  auto bed = TestBed::Make(options);
  if (!bed.ok()) return bed.status();
  if (absl::Status applied = (*bed)->Apply(what.workload); !applied.ok()) return applied;
  if (absl::Status brought = (*bed)->Bring(what.crowd); !brought.ok()) return brought;
  if (what.workload.handled) {
    const HandlerOptions handlers = FittingHandlers(what.workload, what.in_flight, what.handlers);
    if (absl::Status started = (*bed)->StartHandlers(handlers); !started.ok()) return started;
  }
  if (what.workload.whole_tasks) {
    if (absl::Status warm = WarmUp(**bed, interrupt); !warm.ok()) return warm;
  }
  return MeasureOn(**bed, what, interrupt);
}

absl::StatusOr<Run> MeasureOn(TestBed& bed, const Case& what, Interrupt& interrupt) {
  double begin_bytes = -1;
  if (bed.server() != nullptr) {
    const auto resident = ResidentBytesOf(bed.server()->pid());
    if (resident.ok()) begin_bytes = static_cast<double>(*resident);
  }
  const auto load = RunLoad(bed, LoadOf(bed, what), what.ledger, interrupt);
  if (!load.ok()) return load.status();
  return RunOf(what, *load, bed.Probe(false).ServerPeakBytes(), begin_bytes);
}

}  // namespace tasker::bench
