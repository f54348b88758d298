// What is run: the kinds of task that a service is measured by.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace tasker::bench {

// A template, and what its tasks are like.
struct Workload {
  // `chain`, `diamond`, ...
  std::string name;
  // The template, in YAML, and how it is called.
  std::string yaml;
  std::string task_name;
  std::string namespace_name = "bench";
  // The input of each task.
  std::string context = "{}";
  // Steps of a task; those that are skipped would not count, but there are none.
  std::uint32_t steps = 1;
  // Steps of a task that are ready at one time, at most.
  std::uint32_t width = 1;
  // Whether handlers do the steps; else the tasks are only created.
  bool handled = true;
  // Whether one task is measured at a time, from its creation to its end.
  bool whole_tasks = false;
  // Whether steps take time: then each that runs needs a thread of its handler.
  bool sleeps = false;
  // Of tasks whose steps take time: no service can finish sooner. 0: none.
  double critical_path_ms = 0;
  // Steps on the longest chain, counted.
  std::uint32_t levels = 0;
};

// `steps` steps, each after the one before.
Workload ChainWorkload(std::uint32_t steps);
// One step, then `width` side by side, then one that waits for all of them.
Workload DiamondWorkload(std::uint32_t width);
// `order_process`: five steps that read what those before them gave. The third fails the first time
// and is tried again after 10 ms.
Workload OrderWorkload();
// As the chain, but nobody does the steps.
Workload WaitingWorkload(std::uint32_t steps);
// A random graph: each step depends on up to three of the 1,000 before it. `steps`: 1 to 100,000.
Workload DagWorkload(std::uint32_t steps);
// A chain whose tasks have a context of about `bytes` bytes, and each step results as long.
Workload PayloadWorkload(std::uint32_t steps, std::uint32_t bytes);

}  // namespace tasker::bench
