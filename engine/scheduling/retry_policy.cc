#include "engine/scheduling/retry_policy.h"

#include <algorithm>
#include <cmath>

namespace tasker::engine {
namespace {

using FractionalMicroseconds = std::chrono::duration<double, std::micro>;
using FractionalSeconds = std::chrono::duration<double>;

bool MayBeRetried(const StepTemplate& step, const v1::Failure& failure) {
  return step.retryable && (!failure.has_retryable() || failure.retryable());
}

Duration FromProto(const google::protobuf::Duration& duration, Duration cap) {
  if (duration.seconds() < 0 || duration.nanos() < 0) return Duration::zero();
  // Compared before it is converted: a hostile number of seconds must not overflow.
  if (duration.seconds() > std::chrono::duration_cast<std::chrono::seconds>(cap).count()) {
    return cap;
  }
  return std::chrono::seconds(duration.seconds()) + Duration(duration.nanos() / 1000);
}

}  // namespace

std::optional<RetryDelay> RetryPolicy::After(AttemptNumber failed, const StepTemplate& step,
                                             const v1::Failure& failure, double unit_draw) const {
  if (!MayBeRetried(step, failure) || Raw(failed) >= step.retry_limit) return std::nullopt;
  if (failure.has_retry_after()) {
    const Duration asked = FromProto(failure.retry_after(), curve_.delay_max);
    return RetryDelay{std::min(asked, curve_.delay_max), true};
  }
  const FractionalMicroseconds base = BaseDelay(failed);
  const double factor = 1.0 + curve_.jitter * (2.0 * unit_draw - 1.0);
  const Duration drawn = std::chrono::duration_cast<Duration>(base * factor);
  const Duration least = curve_.backoff.empty() ? Duration::zero() : curve_.backoff.front() / 2;
  return RetryDelay{std::min(std::max(drawn, least), curve_.delay_max), false};
}

Duration RetryPolicy::BaseDelay(AttemptNumber failed) const {
  const std::size_t n = Raw(failed);
  if (n >= 1 && n <= curve_.backoff.size())
    return std::min(curve_.backoff[n - 1], curve_.delay_max);
  const double seconds = std::pow(static_cast<double>(n), curve_.multiplier);
  const double cap = FractionalSeconds(curve_.delay_max).count();
  return std::chrono::duration_cast<Duration>(FractionalSeconds(std::min(seconds, cap)));
}

}  // namespace tasker::engine
