// A whole run, from an empty folder to the figures.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

#include "tests/bench/report.h"
#include "tests/bench/workload.h"

namespace tasker::bench {

// What to run.
struct BenchOptions {
  // The `taskerd` to measure.
  std::string taskerd;
  // This program, which also is the handler process.
  std::string self;
  // A folder on a disk, for the store of the run.
  std::string data_dir = ".";
  // Whether the store stays when the run is over.
  bool keep_data = false;
  // Handler processes, each with its concurrency and threads (0: inline).
  std::uint32_t handlers = 1;
  std::uint32_t handler_concurrency = 256;
  std::uint32_t handler_threads = 0;
  // How long `taskerd` may take to be ready.
  std::chrono::seconds ready_max{30};
  // `server` is filled in by the run.
  WorkloadOptions workload;
};

// Starts all, measures, ends all. Blocks SIGINT and SIGTERM and ends the run when one comes. Call
// it before threads are started.
absl::StatusOr<Report> RunBench(const BenchOptions& options);

}  // namespace tasker::bench
