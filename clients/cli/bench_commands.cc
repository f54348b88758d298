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
#include "clients/bench/sleeping_handler.h"
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

void BenchCommands::Choose() {
  // Before anything starts a thread.
  bench::BlockEndSignals();
  session_.action = [this](Connection&) {
    if (handler_->parsed()) return ServeSteps();
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

ExitCode BenchCommands::ServeSteps() const {
  const std::uint32_t concurrency = std::max(handlers_.concurrency, 1u);
  const int exit_code =
      handlers_.sleeping ? bench::RunSleepingHandler(bed_.address, concurrency)
                         : bench::RunHandlerProcess(bed_.address, concurrency, handlers_.threads);
  return exit_code == 0 ? ExitCode::kOk : ExitCode::kRefused;
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
