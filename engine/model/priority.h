// How urgent a task is.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tasker::engine {

// From 0 to 9; the higher goes first.
enum class Priority : std::uint8_t {
  kLow = 2,
  kNormal = 5,
  kHigh = 7,
  kCritical = 9,
};

inline constexpr std::uint8_t kPriorityMax = 9;

constexpr std::uint8_t Raw(Priority priority) { return static_cast<std::uint8_t>(priority); }

// From `low`, `normal`, `high`, `critical` or a digit; nullopt if `text` is none of them.
std::optional<Priority> ParsePriority(std::string_view text);

}  // namespace tasker::engine
