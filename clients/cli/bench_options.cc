// The options of `tasker bench`.
#include <filesystem>
#include <system_error>

#include "clients/bench/handler_programs.h"
#include "clients/cli/bench_commands.h"

namespace tasker::cli {

BenchCommands::BenchCommands(CLI::App& app, Session& session) : session_(session) {
  std::error_code error;
  bed_.self = std::filesystem::read_symlink("/proc/self/exe", error);
  bed_.taskerd = std::filesystem::path(bed_.self).parent_path() / "taskerd";
  CLI::App* const bench = app.add_subcommand(
      "bench",
      "Measure a taskerd of its own, with handlers of its own: throughput, latency, CPU, memory");
  bench->require_subcommand(0, 1);
  AddBed(*bench);
  AddLoad(*bench);
  AddHandlers(*bench);
  AddAll(*bench);
  AddGrowth(*bench);
  AddProcesses(*bench);
  bench->footer(
      "Each run has a fresh service. JSON is one object for one case, an array for several; "
      "figures\n"
      "are medians over the runs, with `min` and `max` beside them. What is not known is null.");
  bench->callback([this] { Choose(); });
}

void BenchCommands::AddBed(CLI::App& bench) {
  bench.add_option("--taskerd", bed_.taskerd, "The program to measure (default: beside this one)");
  bench.add_option("--address", bed_.address, "Measure this service, HOST:PORT, as it is");
  bench.add_option(
      "--metrics", bed_.metrics_address,
      "Where that one serves /metrics, HOST:PORT: CPU, syncs and memory are read there");
  bench.add_option("--data-dir", bed_.data_dir, "A folder on a disk, for the stores of the runs")
      ->capture_default_str();
  bench.add_flag("--keep-data", bed_.keep_data, "Leave stores and logs where they are");
  bench.add_option("--settings", bed_.settings, "Further settings of the taskerd")
      ->type_name("YAML");
  bench
      .add_option("--compare", compared_,
                  "Measure two programs in turns, A B A B, by pairs of runs")
      ->expected(2)
      ->type_name("TASKERD");
}

void BenchCommands::AddLoad(CLI::App& bench) {
  bench
      .add_option("--workload", workloads_,
                  "chain, diamond, order, payload, waiting, dag, wfinstance; several with commas")
      ->delimiter(',')
      ->check(
          CLI::IsMember({"chain", "diamond", "order", "payload", "waiting", "dag", "wfinstance"})
              .description(""))
      ->capture_default_str();
  bench.add_option("--steps", steps_, "Steps of a task: chain 5, dag 100000 where not given")
      ->check(CLI::Range(1, 100'000));
  bench.add_option("--width", width_, "Of the diamond")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  bench.add_option("--payload-bytes", payload_bytes_, "Of the payload's contexts and results")
      ->capture_default_str();
  bench.add_option("--in-flight", in_flight_, "Tasks in flight; several with commas")
      ->delimiter(',')
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  bench
      .add_option("--rate", rate_,
                  "Open loop: begin as many tasks a second, whatever becomes of them; latency "
                  "counts from when each was due")
      ->check(CLI::PositiveNumber);
  bench.add_option(
      "--tasks", tasks_,
      "Measure so many tasks in place of a time: waiting 1000000, dag and wfinstance 1");
  bench.add_option("--seconds", seconds_, "How long to measure")
      ->check(CLI::Range(0.05, 86'400.0))
      ->capture_default_str();
  bench.add_option("--warmup", warmup_, "Seconds before that")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
  bench.add_option("--runs", runs_, "How often")->check(CLI::Range(1, 1000))->capture_default_str();
  bench.add_option("--instance", instances_,
                   "Of wfinstance: a file of a recorded workflow, or a folder of them; repeatable");
  bench.add_option("--time-scale", scale_.factor,
                   "Factor on their times; default: such that the critical path is 2 s");
  bench.add_option("--critical-path-ms", scale_.critical_path_ms, "Another length than those 2 s")
      ->check(CLI::PositiveNumber);
  bench.add_flag("--ledger", ledger_, "Tell where the service's time goes, thread by thread");
  bench.add_flag("--quiet", quiet_, "Say nothing of each run on stderr");
}

void BenchCommands::AddHandlers(CLI::App& bench) {
  bench.add_option("--handler", handlers_.language, "cpp, typescript, python, ruby or go")
      ->check(CLI::IsMember(bench::HandlerLanguages()).description(""))
      ->capture_default_str();
  bench.add_option("--handler-program", handlers_.program,
                   "Another, started as PROGRAM --address HOST:PORT --concurrency N");
  bench.add_option("--handlers", handlers_.processes, "Handler processes")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  bench
      .add_option("--handler-concurrency", handlers_.concurrency,
                  "Steps each takes at once (default: what the load can use)")
      ->check(CLI::Range(1, 100'000));
  bench
      .add_option("--handler-threads", handlers_.threads,
                  "Threads of the C++ handler; 0: on its connection's")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
  bench
      .add_option("--idle-handlers", crowd_options_.idle_handlers,
                  "Handlers that are connected and have nothing to do")
      ->check(CLI::Range(0, 15'000));
  bench.add_option("--templates", crowd_options_.templates, "Templates that are applied besides")
      ->check(CLI::Range(0, 1'000'000));
  bench.add_option("--subscribers", crowd_options_.subscribers, "Calls that follow events")
      ->check(CLI::Range(0, 10'000));
  bench
      .add_option("--subscriber-events", crowd_options_.subscriber_events,
                  "Names of what they follow, with commas")
      ->delimiter(',')
      ->capture_default_str();
}

void BenchCommands::AddProcesses(CLI::App& bench) {
  // No group: they are not shown in the help.
  handler_ = bench.add_subcommand("handler", "Serve the steps of the workloads")->group("");
  crowd_ = bench.add_subcommand("crowd", "Be there, and want nothing")->group("");
  for (CLI::App* each : {handler_, crowd_}) {
    each->add_option("--address", bed_.address)->required();
  }
  handler_->add_option("--concurrency", handlers_.concurrency);
  handler_->add_option("--threads", handlers_.threads);
  handler_->add_flag("--sleeping", handlers_.sleeping);
  crowd_->add_option("--idle-handlers", crowd_options_.idle_handlers);
  crowd_->add_option("--subscribers", crowd_options_.subscribers);
  crowd_->add_option("--events", crowd_options_.subscriber_events)->delimiter(',');
}

}  // namespace tasker::cli
