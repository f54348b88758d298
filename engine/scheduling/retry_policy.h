// When a failed attempt may be tried again, and after how long.
#pragma once

#include <optional>

#include "engine/model/ids.h"
#include "engine/model/retry_curve.h"
#include "engine/model/task_template.h"
#include "engine/model/time.h"
#include "tasker/v1/task.pb.h"

namespace tasker::engine {

// What comes after a failed attempt.
struct RetryDelay {
  Duration delay;
  // Whether the handler asked for it with `retry_after`. What follows is then zero.
  bool server_requested;
  // What the curve gives before jitter; what it grows by; the share that jitter may change.
  Duration base{};
  double multiplier = 0;
  double jitter = 0;
};

// Pure: the jitter's draw is handed in, so the same inputs give the same delay.
class RetryPolicy {
 public:
  // `curve` is for steps that have none of their own.
  explicit RetryPolicy(RetryCurve curve) : curve_(std::move(curve)) {}

  // What comes after `failed` attempts of `step`, the newest of which ended in `failure`: nullopt
  // if none is left, the failure is permanent, or the step lists its class as never retried.
  // `unit_draw` in [0, 1) picks the jitter. The handler's `retry_after` replaces curve and jitter,
  // but not the maximum. A delay of the curve is at least half its first delay.
  std::optional<RetryDelay> After(AttemptNumber failed, const StepTemplate& step,
                                  const v1::Failure& failure, double unit_draw) const;

 private:
  RetryCurve curve_;
};

}  // namespace tasker::engine
