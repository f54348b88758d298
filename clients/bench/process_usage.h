// What a process has used, by the system's own accounting.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include <sys/types.h>

namespace tasker::bench {

// Time on a core of all threads since the process began, those that have ended included. NOT_FOUND:
// there is no such process.
absl::StatusOr<std::chrono::nanoseconds> CpuTimeOf(pid_t pid);

// The most memory it has held at one time (VmHWM). NOT_FOUND: there is no such process.
absl::StatusOr<std::uint64_t> PeakResidentBytesOf(pid_t pid);

// The memory that it holds now (VmRSS). NOT_FOUND: there is no such process.
absl::StatusOr<std::uint64_t> ResidentBytesOf(pid_t pid);

// Of the threads of one name, since each began.
struct ThreadUsage {
  // Without the number at its end: `rocksdb:low0` is `rocksdb:low`.
  std::string name;
  // How many there are.
  std::uint32_t threads = 0;
  // On a core.
  std::chrono::nanoseconds cpu{};
  // Ready to run, without one.
  std::chrono::nanoseconds waited_for_core{};
  // Times that a thread gave up its core because it had to wait, and that it was taken from it.
  std::uint64_t switches_to_wait = 0;
  std::uint64_t switches_forced = 0;
};

// By name. NOT_FOUND: there is no such process.
absl::StatusOr<std::vector<ThreadUsage>> ThreadsOf(pid_t pid);

}  // namespace tasker::bench
