// Durations and sizes as people write them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tasker::config {

// `30s`, `250ms`, `5m`, `1h30m`: not negative, to the millisecond; nullopt for anything else.
std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text);

// Like ParseDuration, and also `7d` and a plain number of seconds (`30`, `0.5`): more than nothing
// and at most ten years, to the microsecond; nullopt for anything else.
std::optional<std::chrono::microseconds> ParseSpan(std::string_view text);

// `4MiB`, `64KiB`, `1GiB`, or a number of bytes; nullopt for anything else.
std::optional<std::uint64_t> ParseSize(std::string_view text);

}  // namespace tasker::config
