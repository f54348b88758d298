#include "engine/scheduling/retry_policy.h"

#include <algorithm>
#include <cmath>

namespace tasker::engine {
namespace {

using FractionalMicroseconds = std::chrono::duration<double, std::micro>;
using FractionalSeconds = std::chrono::duration<double>;

bool MayBeRetried(const StepTemplate& step, const v1::Failure& failure) {
  return step.retryable && !failure.business() &&
         (!failure.has_retryable() || failure.retryable()) &&
         std::ranges::find(step.non_retryable, failure.error_class()) == step.non_retryable.end();
}

Duration FromProto(const google::protobuf::Duration& duration, Duration cap) {
  if (duration.seconds() < 0 || duration.nanos() < 0) return Duration::zero();
  // Compared before it is converted: a hostile number of seconds must not overflow.
  if (duration.seconds() > std::chrono::duration_cast<std::chrono::seconds>(cap).count()) {
    return cap;
  }
  return std::chrono::seconds(duration.seconds()) + Duration(duration.nanos() / 1000);
}

// A span that may be too long for Duration.
Duration Capped(FractionalSeconds span, Duration cap) {
  return span >= FractionalSeconds(cap) ? cap : std::chrono::duration_cast<Duration>(span);
}

// The curve's delay after `failed` attempts, before jitter.
Duration BaseDelay(const RetryCurve& curve, AttemptNumber failed) {
  const auto n = static_cast<double>(Raw(failed));
  if (curve.exponential) {
    return Capped(
        FractionalSeconds(curve.exponential->base) * std::pow(curve.exponential->factor, n - 1),
        curve.delay_max);
  }
  if (Raw(failed) >= 1 && Raw(failed) <= curve.backoff.size()) {
    return std::min(curve.backoff[Raw(failed) - 1], curve.delay_max);
  }
  return Capped(FractionalSeconds(std::pow(n, curve.multiplier)), curve.delay_max);
}

Duration LeastDelay(const RetryCurve& curve) {
  if (curve.exponential) return curve.exponential->base / 2;
  return curve.backoff.empty() ? Duration::zero() : curve.backoff.front() / 2;
}

}  // namespace

std::optional<RetryDelay> RetryPolicy::After(AttemptNumber failed, const StepTemplate& step,
                                             const v1::Failure& failure, double unit_draw) const {
  if (!MayBeRetried(step, failure) || Raw(failed) >= step.retry_limit) return std::nullopt;
  const RetryCurve& curve = step.retry_curve == nullptr ? curve_ : *step.retry_curve;
  if (failure.has_retry_after()) {
    return RetryDelay{FromProto(failure.retry_after(), curve.delay_max), true};
  }
  const Duration base = BaseDelay(curve, failed);
  const double factor = 1.0 + curve.jitter * (2.0 * unit_draw - 1.0);
  const Duration drawn =
      std::chrono::duration_cast<Duration>(FractionalMicroseconds(base) * factor);
  return RetryDelay{std::min(std::max(drawn, LeastDelay(curve)), curve.delay_max), false, base,
                    curve.exponential ? curve.exponential->factor : curve.multiplier, curve.jitter};
}

}  // namespace tasker::engine
