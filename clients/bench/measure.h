// Measures one case: a workload under a load.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"

#include "clients/bench/figures.h"
#include "clients/bench/interrupt.h"
#include "clients/bench/test_bed.h"
#include "clients/bench/workload.h"

namespace tasker::bench {

// What is measured.
struct Case {
  Workload workload;
  // Closed loop: tasks in flight. Open loop: begun a second; 0: closed.
  std::uint32_t in_flight = 64;
  double rate = 0;
  // Of tasks that are only created, or measured whole: how many; 0: one.
  std::uint64_t tasks = 0;
  std::chrono::milliseconds warmup{2000};
  std::chrono::milliseconds window{8000};
  HandlerOptions handlers;
  CrowdOptions crowd;
  // Whether to look at each thread of the service.
  bool ledger = false;
};

// What one run found.
struct Run {
  // `workflows_per_second`, `steps_per_second`, `p50_ms`, `p95_ms`, `p99_ms`,
  // `server_cpu_us_per_step`, `syncs_per_step`, `peak_rss_mb`, and more.
  Figures figures;
  // Of the service's threads, over the window.
  std::vector<ThreadUsage> threads;
  // Done within the window.
  double steps = 0;
};

// As many handlers, slots and threads as `workload` can use at that many tasks in flight, so that
// handlers are never what is measured. What is set in `wanted` stays: 0 there means: as fits.
HandlerOptions FittingHandlers(const Workload& workload, std::uint32_t in_flight,
                               HandlerOptions wanted);

// Measures on a fresh bed. Errors as Load::Run and TestBed.
absl::StatusOr<Run> MeasureAfresh(const BedOptions& bed, const Case& what, Interrupt& interrupt);

// Measures on a bed that has the template, and the handlers if any are needed.
absl::StatusOr<Run> MeasureOn(TestBed& bed, const Case& what, Interrupt& interrupt);

}  // namespace tasker::bench
