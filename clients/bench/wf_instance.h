// Workflows that really ran, as workloads.
#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "clients/bench/workload.h"

namespace tasker::bench {

// How the times of a recorded workflow become those of a run.
struct InstanceScale {
  // Factor on every step's time; 0 or less: such that the critical path is `critical_path_ms`.
  double factor = 0;
  double critical_path_ms = 2000;
};

// Reads a workflow: `{name, tasks: [{id, parents: [ids], runtime_s}]}`, as in the data set
// WfInstances after `tools/wf2template.py --emit derived`. Each task becomes a step that sleeps for
// its time, rounded to a millisecond; the critical path is that of the rounded times.
//
// INVALID_ARGUMENT: the text is not such a workflow, or has a cycle.
absl::StatusOr<Workload> InstanceWorkload(const std::string& json, const InstanceScale& scale);

// The same of a file. NOT_FOUND: there is none.
absl::StatusOr<Workload> ReadInstance(const std::string& file, const InstanceScale& scale);

}  // namespace tasker::bench
