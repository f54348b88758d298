// What a run found.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace tasker::bench {

// What was counted over the measured window.
struct Measurement {
  std::chrono::duration<double> window{};
  // From the call of CreateTask to the arrival of `task.completed`, of each task that completed.
  std::vector<std::chrono::nanoseconds> latencies;
  std::uint32_t steps_per_task = 0;
  std::chrono::microseconds server_cpu{};
  // Negative if the server does not tell.
  double syncs = -1;
  std::uint64_t server_peak_bytes = 0;
};

// The figures in the units of their names; `syncs_per_step` is negative if not known.
struct Report {
  double workflows_per_second = 0;
  double steps_per_second = 0;
  double p50_ms = 0;
  double p95_ms = 0;
  double p99_ms = 0;
  double server_cpu_us_per_step = 0;
  double syncs_per_step = -1;
  double peak_rss_mb = 0;
};

// Percentiles are nearest-rank. Precondition: at least one latency, and a window.
Report MakeReport(Measurement measurement);

// For people, a line each.
std::string ToTable(const Report& report);
// For programs: an object with the fields' names; unknown is null.
std::string ToJson(const Report& report);

}  // namespace tasker::bench
