// What the processes of a run use while it is measured.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include <sys/types.h>

#include "clients/bench/process_usage.h"

namespace tasker::bench {

// Since each process began.
struct Usage {
  // Negative where it is not known.
  double server_cpu_us = -1;
  double syncs = -1;
  double handler_cpu_us = 0;
  // Of this process, which makes the load.
  double generator_cpu_us = 0;
  // Of the server; empty if it is elsewhere.
  std::vector<ThreadUsage> threads;
};

// Thread-safe: has no state of its own.
class UsageProbe {
 public:
  // `server`: 0 if it is not a process that this one may look at; then its own metrics tell of it.
  // `metrics_address`: where those are; empty: nowhere, and what only they know stays unknown.
  UsageProbe(pid_t server, std::string metrics_address, std::vector<pid_t> handlers, bool threads)
      : server_(server),
        metrics_address_(std::move(metrics_address)),
        handlers_(std::move(handlers)),
        threads_(threads) {}

  // Error: a process has gone.
  absl::StatusOr<Usage> Read() const;
  // In bytes, since the server began; negative if not known.
  double ServerPeakBytes() const;

 private:
  const pid_t server_;
  const std::string metrics_address_;
  const std::vector<pid_t> handlers_;
  const bool threads_;
};

}  // namespace tasker::bench
