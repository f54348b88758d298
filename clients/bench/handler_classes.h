// The handlers of the workloads.
#pragma once

#include <cstdint>
#include <string>

namespace tasker::client {
class Worker;
}

namespace tasker::bench {

// Gives back `{"ok":true}` at once.
inline constexpr char kStepClass[] = "Bench::Step";
// Gives back the task's context.
inline constexpr char kPayloadClass[] = "Bench::Payload";
// Takes `handler_config.duration_ms`.
inline constexpr char kSleepClass[] = "Bench::Sleep";

// A JSON object of `bytes` bytes, or of as few as it can be.
std::string PayloadOf(std::uint32_t bytes);

// Registers all of them, and those of `order_process`.
void RegisterHandlers(client::Worker& worker);

}  // namespace tasker::bench
