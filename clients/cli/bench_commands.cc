#include "clients/cli/bench_commands.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"

#include "clients/bench/case_report.h"
#include "clients/bench/compare.h"
#include "clients/bench/crowd.h"
#include "clients/bench/handler_process.h"
#include "clients/bench/handler_programs.h"
#include "clients/cli/terminal_text.h"

namespace tasker::cli {
namespace {

constexpr std::uint32_t kChainSteps = 5;
constexpr std::uint32_t kDagSteps = 100'000;
constexpr std::uint32_t kDagSlots = 64;
constexpr std::uint64_t kWaitingTasks = 1'000'000;

std::chrono::milliseconds Millis(double seconds) {
  return std::chrono::milliseconds(std::llround(seconds * 1000));
}

}  // namespace

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
  crowd_->add_option("--idle-handlers", crowd_options_.idle_handlers);
  crowd_->add_option("--subscribers", crowd_options_.subscribers);
  crowd_->add_option("--events", crowd_options_.subscriber_events)->delimiter(',');
}

void BenchCommands::Choose() {
  // Before anything starts a thread.
  bench::BlockEndSignals();
  session_.action = [this](Connection&) {
    if (handler_->parsed()) {
      return bench::RunHandlerProcess(bed_.address, std::max(handlers_.concurrency, 1u),
                                      handlers_.threads) == 0
                 ? ExitCode::kOk
                 : ExitCode::kRefused;
    }
    if (crowd_->parsed()) {
      return bench::RunCrowdProcess(bed_.address, crowd_options_.idle_handlers,
                                    crowd_options_.subscribers,
                                    crowd_options_.subscriber_events) == 0
                 ? ExitCode::kOk
                 : ExitCode::kRefused;
    }
    if (all_->parsed()) return MeasureAll();
    if (growth_->parsed()) return MeasureGrowth();
    return compared_.empty() ? Measure() : MeasureTwo();
  };
}

bench::Case BenchCommands::Common() const {
  bench::Case common;
  common.rate = rate_;
  common.tasks = tasks_;
  common.warmup = Millis(warmup_);
  common.window = Millis(seconds_);
  common.handlers = handlers_;
  common.crowd = crowd_options_;
  common.ledger = ledger_;
  return common;
}

absl::StatusOr<std::vector<std::string>> BenchCommands::InstanceFiles() const {
  std::vector<std::string> files;
  for (const std::string& name : instances_) {
    std::error_code error;
    if (!std::filesystem::is_directory(name, error)) {
      files.push_back(name);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(name, error)) {
      if (entry.path().extension() == ".json") files.push_back(entry.path());
    }
    if (error) return absl::NotFoundError("cannot read the folder " + name);
  }
  std::sort(files.begin(), files.end());
  return files;
}

absl::StatusOr<std::vector<bench::Workload>> BenchCommands::Workloads(
    const std::string& name) const {
  const std::uint32_t steps = steps_ == 0 ? kChainSteps : steps_;
  if (name == "chain") return std::vector{bench::ChainWorkload(steps)};
  if (name == "diamond") return std::vector{bench::DiamondWorkload(width_)};
  if (name == "order") return std::vector{bench::OrderWorkload()};
  if (name == "payload") return std::vector{bench::PayloadWorkload(steps, payload_bytes_)};
  if (name == "waiting") return std::vector{bench::WaitingWorkload(steps)};
  if (name == "dag") return std::vector{bench::DagWorkload(steps_ == 0 ? kDagSteps : steps_)};
  const auto files = InstanceFiles();
  if (!files.ok()) return files.status();
  if (files->empty()) {
    return absl::InvalidArgumentError("--workload wfinstance needs --instance FILE or FOLDER");
  }
  std::vector<bench::Workload> workloads;
  for (const std::string& file : *files) {
    auto workload = bench::ReadInstance(file, scale_);
    if (!workload.ok()) return workload.status();
    workloads.push_back(*std::move(workload));
  }
  return workloads;
}

absl::StatusOr<std::vector<bench::Case>> BenchCommands::Cases() const {
  std::vector<bench::Case> cases;
  for (const std::string& name : workloads_) {
    auto workloads = Workloads(name);
    if (!workloads.ok()) return workloads.status();
    for (bench::Workload& workload : *workloads) {
      bench::Case one = Common();
      one.workload = std::move(workload);
      if (!one.workload.handled && one.tasks == 0) one.tasks = kWaitingTasks;
      if (name == "dag" && one.handlers.concurrency == 0) one.handlers.concurrency = kDagSlots;
      if (one.workload.whole_tasks) {
        one.rate = 0;
        one.in_flight = 1;
        cases.push_back(one);
        continue;
      }
      for (const std::uint32_t in_flight : in_flight_) {
        one.in_flight = in_flight;
        cases.push_back(one);
        // An open loop has no number in flight.
        if (rate_ > 0) break;
      }
    }
  }
  return cases;
}

ExitCode BenchCommands::Measure() {
  const auto cases = Cases();
  if (!cases.ok()) return Report(cases.status());
  bench::Interrupt interrupt;
  std::vector<bench::CaseResult> results;
  for (const bench::Case& each : *cases) {
    auto result = bench::MeasureCase(bed_, each, runs_, interrupt,
                                     [this](const std::string& line) { Progress(line); });
    if (!result.ok()) return Report(result.status());
    results.push_back(*std::move(result));
  }
  if (!session_.json()) {
    session_.console.out << bench::ToTable(results);
    return ExitCode::kOk;
  }
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const bench::CaseResult& each : results) json.push_back(bench::ToJson(each));
  session_.console.out << (results.size() == 1 ? json.front() : json).dump(2) << "\n";
  return ExitCode::kOk;
}

ExitCode BenchCommands::MeasureTwo() {
  const auto cases = Cases();
  if (!cases.ok()) return Report(cases.status());
  bench::Interrupt interrupt;
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const bench::Case& each : *cases) {
    bench::Side sides[2];
    for (int i = 0; i < 2; ++i) {
      sides[i] = {compared_[i], bed_, each};
      sides[i].bed.taskerd = compared_[i];
    }
    const auto compared = bench::Compare(sides[0], sides[1], runs_, interrupt,
                                         [this](const std::string& line) { Progress(line); });
    if (!compared.ok()) return Report(compared.status());
    if (session_.json()) {
      json.push_back(bench::ToJson(*compared));
    } else {
      session_.console.out << bench::ToTable(*compared) << "\n";
    }
  }
  if (session_.json())
    session_.console.out << (json.size() == 1 ? json.front() : json).dump(2) << "\n";
  return ExitCode::kOk;
}

ExitCode BenchCommands::Report(const absl::Status& status) {
  const bool usage = absl::IsInvalidArgument(status) || absl::IsNotFound(status) ||
                     absl::IsFailedPrecondition(status);
  session_.console.err << "tasker: bench: " << EscapeControlsInLines(std::string(status.message()))
                       << "\n";
  if (usage) return ExitCode::kUsage;
  return absl::IsUnavailable(status) ? ExitCode::kUnreachable : ExitCode::kRefused;
}

void BenchCommands::Progress(const std::string& line) {
  if (!quiet_) session_.console.err << EscapeControls(line) << std::endl;
}

}  // namespace tasker::cli
