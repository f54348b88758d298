#include "tests/bench/report.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"

namespace tasker::bench {
namespace {

double PercentileMs(const std::vector<std::chrono::nanoseconds>& sorted, double share) {
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  const std::chrono::duration<double, std::milli> value =
      sorted[std::max<std::size_t>(rank, 1) - 1];
  return value.count();
}

}  // namespace

Report MakeReport(Measurement measurement) {
  auto& latencies = measurement.latencies;
  std::sort(latencies.begin(), latencies.end());
  const auto tasks = static_cast<double>(latencies.size());
  const double steps = tasks * measurement.steps_per_task;
  Report report;
  report.workflows_per_second = tasks / measurement.window.count();
  report.steps_per_second = steps / measurement.window.count();
  report.p50_ms = PercentileMs(latencies, 0.50);
  report.p95_ms = PercentileMs(latencies, 0.95);
  report.p99_ms = PercentileMs(latencies, 0.99);
  report.server_cpu_us_per_step = static_cast<double>(measurement.server_cpu.count()) / steps;
  if (measurement.syncs >= 0) report.syncs_per_step = measurement.syncs / steps;
  report.peak_rss_mb = static_cast<double>(measurement.server_peak_bytes) / (1 << 20);
  return report;
}

std::string ToTable(const Report& report) {
  const std::string syncs =
      report.syncs_per_step < 0 ? "unknown" : absl::StrFormat("%.4f", report.syncs_per_step);
  return absl::StrFormat(
      "workflows/s              %12.1f\n"
      "steps/s                  %12.1f\n"
      "task latency p50, ms     %12.2f\n"
      "task latency p95, ms     %12.2f\n"
      "task latency p99, ms     %12.2f\n"
      "server CPU, us a step    %12.2f\n"
      "syncs a step             %12s\n"
      "server peak memory, MB   %12.1f\n",
      report.workflows_per_second, report.steps_per_second, report.p50_ms, report.p95_ms,
      report.p99_ms, report.server_cpu_us_per_step, syncs, report.peak_rss_mb);
}

std::string ToJson(const Report& report) {
  const nlohmann::json syncs =
      report.syncs_per_step < 0 ? nlohmann::json() : nlohmann::json(report.syncs_per_step);
  const nlohmann::ordered_json json = {
      {"workflows_per_second", report.workflows_per_second},
      {"steps_per_second", report.steps_per_second},
      {"p50_ms", report.p50_ms},
      {"p95_ms", report.p95_ms},
      {"p99_ms", report.p99_ms},
      {"server_cpu_us_per_step", report.server_cpu_us_per_step},
      {"syncs_per_step", syncs},
      {"peak_rss_mb", report.peak_rss_mb},
  };
  return json.dump(2) + "\n";
}

}  // namespace tasker::bench
