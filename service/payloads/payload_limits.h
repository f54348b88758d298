// What follows from the one setting `limits.payload`, the largest context or result in bytes.
#pragma once

#include <algorithm>
#include <cstdint>

namespace tasker::service {

// The longest message that is taken. One may carry several payloads of the size allowed; what is
// longer than four of them, and than our own clients' largest batches, no honest client sends.
constexpr int MessageBytesMax(std::uint64_t payload_bytes_max) {
  constexpr std::uint64_t kLeast = 16u << 20;
  return static_cast<int>(std::max(kLeast, 4 * payload_bytes_max + (1u << 20)));
}

// What the items of a fan-out gave together, or the last steps of the task that a step ran: many
// small results, which are the step's own.
constexpr std::uint64_t CollectedBytesMax(std::uint64_t payload_bytes_max) {
  return 16 * payload_bytes_max;
}

// What a step may be given in all: the context, and the results of all the steps that it depends
// on. Below what any message can hold, 2 GiB.
constexpr std::uint64_t AssignmentBytesMax(std::uint64_t payload_bytes_max) {
  constexpr std::uint64_t kMost = 1u << 30;
  return std::min(kMost, 64 * payload_bytes_max);
}

}  // namespace tasker::service
