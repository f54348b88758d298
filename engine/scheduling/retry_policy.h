// When a failed attempt may be tried again, and after how long.
#pragma once

#include <optional>
#include <vector>

#include "engine/model/ids.h"
#include "engine/model/task_template.h"
#include "engine/model/time.h"
#include "tasker/v1/task.pb.h"

namespace tasker::engine {

// How attempts are spaced. Source of formula and defaults: shared FEATURES, "retries" (the Rails
// engine's backoff).
struct RetryCurve {
  // Delays before attempts 2, 3, ...; beyond the list, n to the power `multiplier` seconds.
  std::vector<Duration> backoff = {std::chrono::seconds(1),  std::chrono::seconds(2),
                                   std::chrono::seconds(4),  std::chrono::seconds(8),
                                   std::chrono::seconds(16), std::chrono::seconds(32)};
  double multiplier = 2.0;
  // No delay is longer, whoever asked for it.
  Duration delay_max = std::chrono::seconds(300);
  // Share of a delay by which chance may lengthen or shorten it, in [0, 1].
  double jitter = 0.1;
};

// What comes after a failed attempt.
struct RetryDelay {
  Duration delay;
  // Whether the handler asked for it with `retry_after`.
  bool server_requested;
};

// Pure: the jitter's draw is handed in, so the same inputs give the same delay.
class RetryPolicy {
 public:
  explicit RetryPolicy(RetryCurve curve) : curve_(std::move(curve)) {}

  // What comes after `failed` attempts of `step`, the newest of which ended in `failure`: nullopt
  // if none is left or the failure is permanent. `unit_draw` in [0, 1) picks the jitter. The
  // handler's `retry_after` replaces curve and jitter, but not the maximum. A delay of the curve
  // is at least half its first delay.
  std::optional<RetryDelay> After(AttemptNumber failed, const StepTemplate& step,
                                  const v1::Failure& failure, double unit_draw) const;

 private:
  // The curve's delay after `failed` attempts, before jitter.
  Duration BaseDelay(AttemptNumber failed) const;

  RetryCurve curve_;
};

}  // namespace tasker::engine
