#include "service/metrics/process_metrics.h"

#include <cstdint>
#include <ctime>
#include <fstream>
#include <string>
#include <utility>

#include "service/metrics/metric_family.h"

namespace tasker::service {
namespace {

double CpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// The memory held now, and the most that ever was, in bytes; 0 where the system does not tell.
std::pair<double, double> ResidentBytes() {
  std::uint64_t now = 0;
  std::uint64_t peak = 0;
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word == "VmRSS:") status >> now;
    if (word == "VmHWM:") status >> peak;
  }
  return {static_cast<double>(now) * 1024, static_cast<double>(peak) * 1024};
}

}  // namespace

std::vector<prometheus::MetricFamily> ProcessMetrics::Collect() const {
  using prometheus::MetricType;
  const auto [now, peak] = ResidentBytes();
  return {OneValue("process_cpu_seconds_total", "Time on a core, of all threads.",
                   MetricType::Counter, CpuSeconds()),
          OneValue("process_resident_memory_bytes", "Memory held.", MetricType::Gauge, now),
          OneValue("process_resident_memory_peak_bytes", "The most memory held at one time.",
                   MetricType::Gauge, peak)};
}

}  // namespace tasker::service
