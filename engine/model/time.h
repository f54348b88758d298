// Time as the engine knows it: handed in, in microseconds.
#pragma once

#include <chrono>

namespace tasker::engine {

// A span of time. Arithmetic with Timestamp follows std::chrono's rules, so a point in time cannot
// be mistaken for a span.
using Duration = std::chrono::microseconds;

// A point in time, since the Unix epoch in UTC. The epoch itself stands for "never".
using Timestamp = std::chrono::sys_time<Duration>;

inline constexpr Timestamp kNever{};

}  // namespace tasker::engine
