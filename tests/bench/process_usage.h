// What another process has used, as the kernel counts it.
#pragma once

#include <chrono>
#include <cstdint>

#include "absl/status/statusor.h"
#include <sys/types.h>

namespace tasker::bench {

// User and system time of all its threads since it began, in steps of 10 ms. Children excluded.
absl::StatusOr<std::chrono::microseconds> CpuTimeOf(pid_t pid);

// The most memory it ever had resident, in bytes.
absl::StatusOr<std::uint64_t> PeakResidentBytesOf(pid_t pid);

}  // namespace tasker::bench
