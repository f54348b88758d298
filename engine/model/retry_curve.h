// How the attempts of a step are spaced, as a template or the service sets it.
#pragma once

#include <optional>
#include <vector>

#include "engine/model/time.h"

namespace tasker::engine {

// Source of formula and defaults: shared FEATURES, "retries" (the Rails engine's backoff).
struct RetryCurve {
  // The plain form: `base` times `factor` to the power (n - 1) after n failed attempts.
  struct Exponential {
    Duration base = std::chrono::seconds(1);
    double factor = 2.0;
  };

  // Delays before attempts 2, 3, ...; beyond the list, n to the power `multiplier` seconds.
  std::vector<Duration> backoff = {std::chrono::seconds(1),  std::chrono::seconds(2),
                                   std::chrono::seconds(4),  std::chrono::seconds(8),
                                   std::chrono::seconds(16), std::chrono::seconds(32)};
  double multiplier = 2.0;
  // Replaces `backoff` and `multiplier` if set.
  std::optional<Exponential> exponential;
  // No delay is longer, whoever asked for it.
  Duration delay_max = std::chrono::seconds(300);
  // Share of a delay by which chance may lengthen or shorten it, in [0, 1].
  double jitter = 0.1;
};

}  // namespace tasker::engine
