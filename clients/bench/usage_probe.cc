#include "clients/bench/usage_probe.h"

#include <unistd.h>

#include "clients/bench/metrics_page.h"

namespace tasker::bench {
namespace {

constexpr char kSyncs[] = "tasker_store_syncs_total";
constexpr char kCpuSeconds[] = "process_cpu_seconds_total";
constexpr char kPeakBytes[] = "process_resident_memory_peak_bytes";

double Micros(std::chrono::nanoseconds time) { return static_cast<double>(time.count()) / 1e3; }

}  // namespace

absl::StatusOr<Usage> UsageProbe::Read() const {
  Usage usage;
  if (server_ > 0) {
    const auto cpu = CpuTimeOf(server_);
    if (!cpu.ok()) return cpu.status();
    usage.server_cpu_us = Micros(*cpu);
    if (threads_) {
      auto threads = ThreadsOf(server_);
      if (!threads.ok()) return threads.status();
      usage.threads = *std::move(threads);
    }
  }
  for (const pid_t handler : handlers_) {
    const auto cpu = CpuTimeOf(handler);
    if (!cpu.ok()) return cpu.status();
    usage.handler_cpu_us += Micros(*cpu);
  }
  const auto own = CpuTimeOf(getpid());
  if (!own.ok()) return own.status();
  usage.generator_cpu_us = Micros(*own);
  if (metrics_address_.empty()) return usage;
  // A server without a metric can still be measured; the report says that it is unknown.
  const auto page = MetricsPage::Fetch(metrics_address_);
  if (!page.ok()) return usage;
  if (const auto syncs = page->Sum(kSyncs); syncs.ok()) usage.syncs = *syncs;
  const auto cpu_seconds = page->Sum(kCpuSeconds);
  if (server_ <= 0 && cpu_seconds.ok()) usage.server_cpu_us = *cpu_seconds * 1e6;
  return usage;
}

double UsageProbe::ServerPeakBytes() const {
  if (server_ > 0) {
    const auto peak = PeakResidentBytesOf(server_);
    return peak.ok() ? static_cast<double>(*peak) : -1;
  }
  if (metrics_address_.empty()) return -1;
  const auto page = MetricsPage::Fetch(metrics_address_);
  if (!page.ok()) return -1;
  const auto peak = page->Sum(kPeakBytes);
  return peak.ok() ? *peak : -1;
}

}  // namespace tasker::bench
