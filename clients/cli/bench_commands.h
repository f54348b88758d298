// `tasker bench`: measures a service. The work itself is in clients/bench.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"

#include "clients/bench/interrupt.h"
#include "clients/bench/measure.h"
#include "clients/bench/wf_instance.h"
#include "clients/cli/session.h"

namespace tasker::cli {

// Adds its commands to an app. Must outlive the parsing and the action that it sets. None of them
// uses the connection of the session: a benchmark measures a service of its own, unless `--address`
// names one.
class BenchCommands {
 public:
  BenchCommands(CLI::App& app, Session& session);

 private:
  void AddBed(CLI::App& bench);
  void AddLoad(CLI::App& bench);
  void AddHandlers(CLI::App& bench);
  void AddAll(CLI::App& bench);
  void AddGrowth(CLI::App& bench);
  // What runs start in processes of their own.
  void AddProcesses(CLI::App& bench);
  void Choose();

  ExitCode ServeSteps() const;
  ExitCode Measure();
  ExitCode MeasureTwo();
  ExitCode MeasureAll();
  ExitCode MeasureGrowth();
  ExitCode Report(const absl::Status& status);
  void Progress(const std::string& line);

  // The cases that the options ask for.
  absl::StatusOr<std::vector<bench::Case>> Cases() const;
  absl::StatusOr<std::vector<bench::Workload>> Workloads(const std::string& name) const;
  // Files of recorded workflows: those named, and those in the folders named.
  absl::StatusOr<std::vector<std::string>> InstanceFiles() const;
  // A case with everything but its workload and in-flight.
  bench::Case Common() const;

  Session& session_;
  CLI::App* all_ = nullptr;
  CLI::App* growth_ = nullptr;
  CLI::App* handler_ = nullptr;
  CLI::App* crowd_ = nullptr;

  bench::BedOptions bed_;
  std::vector<std::string> workloads_ = {"chain"};
  std::vector<std::uint32_t> in_flight_ = {256};
  std::uint32_t steps_ = 0;
  std::uint32_t width_ = 10;
  std::uint32_t payload_bytes_ = 1024;
  std::uint64_t tasks_ = 0;
  double rate_ = 0;
  double seconds_ = 8;
  double warmup_ = 2;
  int runs_ = 3;
  bool ledger_ = false;
  bool quiet_ = false;
  std::vector<std::string> instances_;
  bench::InstanceScale scale_;
  bench::HandlerOptions handlers_;
  bench::CrowdOptions crowd_options_;
  std::vector<std::string> compared_;
  bool short_ = false;
  bool without_typescript_ = false;
  std::string folder_;
  std::uint64_t stored_max_ = 100'000;
  std::uint32_t in_flight_max_ = 100'000;
  std::uint32_t steps_max_ = 100'000;
  std::uint32_t payload_max_ = 1 << 20;
  std::vector<std::string> subjects_;
};

}  // namespace tasker::cli
