// What this process uses of the machine, as Prometheus's own clients tell it.
#pragma once

#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

namespace tasker::service {

// `process_cpu_seconds_total`, `process_resident_memory_bytes` and, not among the usual ones,
// `process_resident_memory_peak_bytes`: the most it has held at one time. By the system's own
// accounting, read when Prometheus asks. Thread-safe.
class ProcessMetrics final : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override;
};

}  // namespace tasker::service
