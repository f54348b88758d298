// What subscribers cost the engine, and what they get: `make bench-subscribers`.
//
// One service, one load (a closed loop of chains), and beside it in turn none, 1, 10 and 100
// subscribers to everything, and 1,000 of which 990 want next to nothing and 10 never read. All in
// one run, in rounds, so that what else the machine does meets each alike.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "clients/bench/figures.h"
#include "clients/bench/interrupt.h"
#include "clients/bench/load.h"
#include "clients/bench/measure.h"
#include "clients/bench/process_usage.h"
#include "clients/bench/test_bed.h"
#include "tests/bench/followers.h"

namespace tasker::bench {
namespace {

struct Options {
  BedOptions bed;
  std::string self;
  std::uint32_t steps = 5;
  std::uint32_t in_flight = 64;
  std::uint32_t rounds = 3;
  std::uint32_t connections = 20;
  int nice = 10;
  int seconds = 5;
  int warmup = 2;
  std::string output = "table";
};

struct Scene {
  std::string name;
  FollowerCounts counts;
};

const std::vector<Scene>& Scenes() {
  static const std::vector<Scene> scenes = {{"0", {}},
                                            {"1", {1, 0, 0}},
                                            {"10", {10, 0, 0}},
                                            {"100", {100, 0, 0}},
                                            {"1000 quiet", {0, 990, 10}}};
  return scenes;
}

// The load beside the followers, for one window.
class Window {
 public:
  Window(const Options& options, TestBed& bed, Interrupt& interrupt)
      : options_(options), bed_(bed), interrupt_(interrupt) {}

  absl::StatusOr<Figures> Measure(const Workload& workload, const Scene& scene, int number) {
    if (absl::Status status = interrupt_.status(); !status.ok()) return status;
    std::unique_ptr<Followers> followers;
    if (scene.counts.all() > 0) {
      auto started = Followers::Start(options_.self, bed_.address(), scene.counts,
                                      options_.connections, options_.nice,
                                      absl::StrCat(options_.bed.data_dir, "/followers-", number));
      if (!started.ok()) return started.status();
      followers = *std::move(started);
    }
    const absl::Cleanup remove = [&] {
      std::filesystem::remove(absl::StrCat(options_.bed.data_dir, "/followers-", number));
    };
    marks_.clear();
    const UsageProbe probe = bed_.Probe(true);
    Load load(LoadOf(workload), [&] { return Mark(probe, followers.get()); });
    const auto abort = [&load](const std::string& reason) { load.Abort(reason); };
    bed_.WatchExit(abort);
    interrupt_.Watch(abort);
    const absl::Cleanup unwatch = [&] {
      bed_.WatchExit([](const std::string&) {});
      interrupt_.Watch(nullptr);
    };
    const absl::StatusOr<LoadResult> result = load.Run();
    if (!result.ok()) return result.status();
    return FiguresOf(workload, *result);
  }

 private:
  // What followers had received and used at an end of the window.
  struct FollowerMark {
    std::vector<std::uint64_t> received;
    double cpu_us = 0;
  };

  LoadOptions LoadOf(const Workload& workload) const {
    LoadOptions load;
    load.server = bed_.address();
    load.task_name = workload.task_name;
    load.namespace_name = workload.namespace_name;
    load.context = workload.context;
    load.in_flight = options_.in_flight;
    load.warmup = std::chrono::seconds(options_.warmup);
    load.window = std::chrono::seconds(options_.seconds);
    return load;
  }

  absl::StatusOr<Usage> Mark(const UsageProbe& probe, Followers* followers) {
    FollowerMark mark;
    if (followers != nullptr) {
      auto received = followers->Received();
      if (!received.ok()) return received.status();
      mark.received = *std::move(received);
      const auto cpu = CpuTimeOf(followers->process().pid());
      if (!cpu.ok()) return cpu.status();
      mark.cpu_us = static_cast<double>(cpu->count()) / 1e3;
    }
    marks_.push_back(std::move(mark));
    return probe.Read();
  }

  static double ThreadCpuUs(const Usage& usage, std::string_view name) {
    double cpu_us = 0;
    for (const ThreadUsage& thread : usage.threads) {
      if (thread.name == name) cpu_us += static_cast<double>(thread.cpu.count()) / 1e3;
    }
    return cpu_us;
  }

  Figures FiguresOf(const Workload& workload, const LoadResult& result) const {
    const double seconds = result.window.count();
    const double steps = static_cast<double>(result.completed) * workload.steps;
    std::vector<double> each;
    for (std::size_t i = 0; i < marks_[0].received.size(); ++i) {
      const auto events = marks_[1].received[i] - marks_[0].received[i];
      each.push_back(static_cast<double>(events) / seconds);
    }
    double all = 0;
    for (const double rate : each) all += rate;
    Figures figures;
    figures.Set("steps_per_second", steps / seconds);
    figures.Set("server_cpu_us_per_step",
                (result.end.server_cpu_us - result.begin.server_cpu_us) / steps);
    figures.Set("events_thread_us_per_step",
                (ThreadCpuUs(result.end, "events") - ThreadCpuUs(result.begin, "events")) / steps);
    figures.Set("p50_ms", PercentileMs(result.latencies, 0.50));
    figures.Set("p99_ms", PercentileMs(result.latencies, 0.99));
    figures.Set("events_per_second", all);
    const double count = static_cast<double>(std::max<std::size_t>(each.size(), 1));
    figures.Set("events_per_second_each", all / count);
    figures.Set("events_per_second_least", each.empty() ? 0 : *std::ranges::min_element(each));
    figures.Set("followers_cpu_us_per_step", (marks_[1].cpu_us - marks_[0].cpu_us) / steps);
    return figures;
  }

  const Options& options_;
  TestBed& bed_;
  Interrupt& interrupt_;
  std::vector<FollowerMark> marks_;
};

absl::StatusOr<std::vector<Summary>> RunAll(const Options& options, double& peak_mb) {
  Interrupt interrupt;
  const Workload workload = ChainWorkload(options.steps);
  auto bed = TestBed::Make(options.bed);
  if (!bed.ok()) return bed.status();
  if (absl::Status applied = (*bed)->Apply(workload); !applied.ok()) return applied;
  const HandlerOptions handlers = FittingHandlers(workload, options.in_flight, {});
  if (absl::Status started = (*bed)->StartHandlers(handlers); !started.ok()) return started;
  Window window(options, **bed, interrupt);
  std::vector<std::vector<Figures>> runs(Scenes().size());
  int number = 0;
  for (std::uint32_t round = 0; round < options.rounds; ++round) {
    for (std::size_t scene = 0; scene < Scenes().size(); ++scene) {
      absl::StatusOr<Figures> figures = window.Measure(workload, Scenes()[scene], number++);
      if (!figures.ok()) return figures.status();
      std::cerr << absl::StrFormat("round %d, %s: %.0f steps/s, %.1f us a step\n", round + 1,
                                   Scenes()[scene].name, figures->Get("steps_per_second"),
                                   figures->Get("server_cpu_us_per_step"));
      runs[scene].push_back(*std::move(figures));
    }
  }
  peak_mb = (*bed)->Probe(false).ServerPeakBytes() / (1 << 20);
  std::vector<Summary> summaries;
  for (std::vector<Figures>& each : runs) summaries.emplace_back(std::move(each));
  return summaries;
}

void PrintTable(const std::vector<Summary>& scenes, double peak_mb) {
  std::cout
      << "subscribers   steps/s    of 0  CPU us/step    of 0  events thread    p50 ms   p99 ms"
         "   events/s  to each   to the least\n";
  const Summary& none = scenes[0];
  for (std::size_t i = 0; i < scenes.size(); ++i) {
    const auto of_none = [&](const char* name) {
      return 100 * scenes[i].Median(name) / none.Median(name);
    };
    std::cout << absl::StrFormat(
        "%-11s %9.0f %6.1f%% %12.1f %6.1f%% %14.1f %9.2f %8.2f %10.0f %8.0f %14.0f\n",
        Scenes()[i].name, scenes[i].Median("steps_per_second"), of_none("steps_per_second"),
        scenes[i].Median("server_cpu_us_per_step"), of_none("server_cpu_us_per_step"),
        scenes[i].Median("events_thread_us_per_step"), scenes[i].Median("p50_ms"),
        scenes[i].Median("p99_ms"), scenes[i].Median("events_per_second"),
        scenes[i].Median("events_per_second_each"), scenes[i].Median("events_per_second_least"));
  }
  std::cout << absl::StrFormat("server peak memory, MB: %.0f\n", peak_mb);
}

void PrintJson(const std::vector<Summary>& scenes, double peak_mb) {
  nlohmann::ordered_json json;
  for (std::size_t i = 0; i < scenes.size(); ++i) {
    json["subscribers"][Scenes()[i].name] = scenes[i].ToJson();
  }
  json["server_peak_mb"] = JsonNumber(peak_mb);
  std::cout << json.dump(2) << "\n";
}

}  // namespace
}  // namespace tasker::bench

int main(int argc, char** argv) {
  namespace bench = tasker::bench;
  bench::Options options;
  options.self = std::filesystem::read_symlink("/proc/self/exe");
  const auto folder = std::filesystem::path(options.self).parent_path();
  options.bed.taskerd = folder / "taskerd";
  options.bed.self = folder / "tasker";
  CLI::App app("Measures what subscribers cost a taskerd of its own, and what they get.");
  app.add_option("--taskerd", options.bed.taskerd, "The program to measure");
  app.add_option("--tasker", options.bed.self, "The program that serves the steps");
  app.add_option("--data-dir", options.bed.data_dir, "A folder on a disk, for the run's store");
  app.add_option("--steps", options.steps, "Steps in a task's chain")->capture_default_str();
  app.add_option("--in-flight", options.in_flight, "Tasks kept in flight")->capture_default_str();
  app.add_option("--rounds", options.rounds, "How often each is measured")->capture_default_str();
  app.add_option("--seconds", options.seconds, "How long each time")->capture_default_str();
  app.add_option("--warmup", options.warmup, "Seconds before that")->capture_default_str();
  app.add_option("--connections", options.connections, "That the subscribers share")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--nice", options.nice, "Niceness of the subscribers' process")
      ->capture_default_str();
  app.add_option("--output", options.output, "table or json")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str();
  std::string address;
  bench::FollowerCounts counts;
  CLI::App* follow = app.add_subcommand("follow", "Subscribe and count; used by the run");
  follow->add_option("--address", address)->required();
  follow->add_option("--greedy", counts.greedy);
  follow->add_option("--picky", counts.picky);
  follow->add_option("--stuck", counts.stuck);
  follow->add_option("--connections", options.connections);
  follow->add_option("--nice", options.nice);
  CLI11_PARSE(app, argc, argv);
  if (follow->parsed()) {
    return bench::RunFollowers(address, counts, options.connections, options.nice);
  }
  bench::BlockEndSignals();
  double peak_mb = 0;
  const auto scenes = bench::RunAll(options, peak_mb);
  if (!scenes.ok()) {
    std::cerr << "subscribers_bench: " << scenes.status() << "\n";
    return 1;
  }
  if (options.output == "json") {
    bench::PrintJson(*scenes, peak_mb);
  } else {
    bench::PrintTable(*scenes, peak_mb);
  }
  return 0;
}
