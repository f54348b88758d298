// The load driver's command line.
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <string>

#include "CLI/CLI.hpp"

#include "tests/bench/bench_run.h"
#include "tests/bench/handler_process.h"
#include "tests/bench/report.h"

int main(int argc, char** argv) {
  namespace bench = tasker::bench;
  bench::BenchOptions options;
  options.self = std::filesystem::read_symlink("/proc/self/exe");
  options.taskerd = std::filesystem::path(options.self).parent_path() / "taskerd";
  std::string output = "table";
  std::int64_t seconds = options.workload.window.count();
  std::int64_t warmup = options.workload.warmup.count();

  CLI::App app("Measures a taskerd of its own under a closed loop of tasks.");
  app.add_option("--taskerd", options.taskerd, "The program to measure")->capture_default_str();
  app.add_option("--data-dir", options.data_dir, "A folder on a disk, for the run's store")
      ->capture_default_str();
  app.add_flag("--keep-data", options.keep_data, "Leave the store and logs where they are");
  app.add_option("--in-flight", options.workload.in_flight, "Tasks kept in flight")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app.add_option("--channels", options.workload.channels, "Connections that create tasks")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("--steps", options.workload.steps_per_task, "Steps in a task's chain")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--seconds", seconds, "How long to measure")
      ->check(CLI::Range(1, 86'400))
      ->capture_default_str();
  app.add_option("--warmup", warmup, "Seconds before that")
      ->check(CLI::Range(0, 3600))
      ->capture_default_str();
  app.add_option("--handlers", options.handlers, "Handler processes")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("--handler-concurrency", options.handler_concurrency, "Steps each takes at once")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app.add_option("--handler-threads", options.handler_threads, "Threads of each; 0: inline")
      ->check(CLI::Range(0, 256))
      ->capture_default_str();
  app.add_option("--output", output, "table or json")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str();

  std::string server;
  std::uint32_t concurrency = options.handler_concurrency;
  std::uint32_t threads = 0;
  CLI::App* const handler = app.add_subcommand("handler", "Serves the steps; used by the run");
  handler->add_option("--server", server, "host:port of the service")->required();
  handler->add_option("--concurrency", concurrency, "Steps taken at once");
  handler->add_option("--threads", threads, "Threads; 0: inline");
  CLI11_PARSE(app, argc, argv);

  if (handler->parsed()) return bench::RunHandlerProcess(server, concurrency, threads);

  options.workload.window = std::chrono::seconds(seconds);
  options.workload.warmup = std::chrono::seconds(warmup);
  const absl::StatusOr<bench::Report> report = bench::RunBench(options);
  if (!report.ok()) {
    std::cerr << "tasker_bench: " << report.status() << "\n";
    return 1;
  }
  std::cout << (output == "json" ? bench::ToJson(*report) : bench::ToTable(*report));
  return 0;
}
