// How the cost grows with what there is: tasks in flight, tasks stored, steps of a task, bytes.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "clients/bench/measure.h"

namespace tasker::bench {

// What grows, and how far.
struct GrowthOptions {
  BedOptions bed;
  // Of the subjects `in_flight`, `stored`, `steps` and `payload`, those to measure.
  std::vector<std::string> subjects = {"in_flight", "stored", "steps", "payload"};
  std::uint32_t in_flight_max = 100'000;
  // Making stored tasks takes about as long as running them: ten million take most of an hour.
  std::uint64_t stored_max = 100'000;
  std::uint32_t steps_max = 100'000;
  std::uint32_t payload_bytes_max = 1 << 20;
  int runs = 3;
  std::chrono::milliseconds window{8000};
  std::chrono::milliseconds warmup{2000};
};

// One point of a curve.
struct GrowthPoint {
  double x;
  Summary summary;
};

// One subject.
struct GrowthCurve {
  std::string subject;
  // What x counts, and with which load it was measured.
  std::string x_label;
  std::string load;
  std::vector<GrowthPoint> points;
};

// Errors as MeasureAfresh; INVALID_ARGUMENT: a subject that there is none of.
absl::StatusOr<std::vector<GrowthCurve>> MeasureGrowth(
    const GrowthOptions& options, Interrupt& interrupt,
    const std::function<void(const std::string&)>& progress);

// Writes `growth.json` and for each curve `SUBJECT-steps_per_second.svg`, `SUBJECT-memory.svg` and
// `SUBJECT-cpu.svg` into `folder`, which is made if it is not there. PERMISSION_DENIED: it cannot
// be written.
absl::Status WriteGrowth(const std::vector<GrowthCurve>& curves, const std::string& folder);

}  // namespace tasker::bench
