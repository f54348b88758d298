// How long an event waits for its next attempt.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>

#include "config/sinks/sink_settings.h"

namespace tasker::sinks {

// Delay after attempt number `attempt` (1 or more) has failed: `first`, times `multiplier` for each
// attempt after the first, longer or shorter by up to the share `jitter`, never over `max`.
// `unit_draw` in [0, 1).
inline std::chrono::milliseconds RetryDelay(const config::SinkRetries& retries,
                                            std::uint32_t attempt, double unit_draw) {
  const auto most = static_cast<double>(retries.max.count());
  const double step = static_cast<double>(retries.first.count()) *
                      std::pow(retries.multiplier, static_cast<double>(attempt - 1));
  const double factor = 1.0 - retries.jitter + 2.0 * retries.jitter * unit_draw;
  // The power may have become infinite.
  const double delay = std::min(std::min(step, most) * factor, most);
  return std::chrono::milliseconds(std::max<std::int64_t>(1, static_cast<std::int64_t>(delay)));
}

}  // namespace tasker::sinks
