#include "engine/scheduling/retry_policy.h"

#include <limits>

#include <gtest/gtest.h>

namespace tasker::engine {
namespace {

using namespace std::chrono_literals;

constexpr double kMiddle = 0.5;

StepTemplate StepWithLimit(std::uint32_t limit) {
  StepTemplate step;
  step.retry_limit = limit;
  return step;
}

Duration DelayAfter(std::uint32_t failed, double draw = kMiddle, RetryCurve curve = {}) {
  const auto retry = RetryPolicy(curve).After(AttemptNumber{failed}, StepWithLimit(1000), {}, draw);
  EXPECT_TRUE(retry);
  return retry ? retry->delay : Duration(-1);
}

TEST(RetryPolicy, FollowsTheListAndThenThePower) {
  EXPECT_EQ(DelayAfter(1), 1s);
  EXPECT_EQ(DelayAfter(2), 2s);
  EXPECT_EQ(DelayAfter(3), 4s);
  EXPECT_EQ(DelayAfter(6), 32s);
  EXPECT_EQ(DelayAfter(7), 49s);
  EXPECT_EQ(DelayAfter(10), 100s);
}

TEST(RetryPolicy, NeverWaitsLongerThanTheMaximum) {
  EXPECT_EQ(DelayAfter(18), 300s);
  EXPECT_EQ(DelayAfter(900), 300s);
  EXPECT_EQ(DelayAfter(18, 0.999999), 300s);
}

TEST(RetryPolicy, SpreadsByTheJitterUpAndDown) {
  EXPECT_EQ(DelayAfter(3, 0.0), 3600ms);
  EXPECT_LT(DelayAfter(3, 0.999999), 4400ms);
  EXPECT_GT(DelayAfter(3, 0.999999), 4399ms);
}

TEST(RetryPolicy, WaitsAtLeastHalfTheFirstDelay) {
  RetryCurve curve;
  curve.jitter = 1.0;
  EXPECT_EQ(DelayAfter(1, 0.0, curve), 500ms);
}

TEST(RetryPolicy, HonoursRetryAfterUpToTheMaximum) {
  v1::Failure failure;
  failure.mutable_retry_after()->set_seconds(7);
  failure.mutable_retry_after()->set_nanos(500'000'000);
  const RetryPolicy policy{RetryCurve{}};
  const auto retry = policy.After(AttemptNumber{1}, StepWithLimit(3), failure, 0.0);
  ASSERT_TRUE(retry);
  EXPECT_EQ(retry->delay, 7500ms);
  EXPECT_TRUE(retry->server_requested);
  failure.mutable_retry_after()->set_seconds(std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(policy.After(AttemptNumber{1}, StepWithLimit(3), failure, 0.0)->delay, 300s);
  failure.mutable_retry_after()->set_seconds(-5);
  EXPECT_EQ(policy.After(AttemptNumber{1}, StepWithLimit(3), failure, 0.0)->delay, 0s);
}

TEST(RetryPolicy, CountsTheFirstAttemptIntoTheLimit) {
  const RetryPolicy policy{RetryCurve{}};
  EXPECT_FALSE(policy.After(AttemptNumber{1}, StepWithLimit(0), {}, kMiddle));
  EXPECT_FALSE(policy.After(AttemptNumber{1}, StepWithLimit(1), {}, kMiddle));
  EXPECT_TRUE(policy.After(AttemptNumber{1}, StepWithLimit(2), {}, kMiddle));
  EXPECT_FALSE(policy.After(AttemptNumber{2}, StepWithLimit(2), {}, kMiddle));
}

TEST(RetryPolicy, NeverRetriesWhatIsPermanent) {
  const RetryPolicy policy{RetryCurve{}};
  v1::Failure permanent;
  permanent.set_retryable(false);
  EXPECT_FALSE(policy.After(AttemptNumber{1}, StepWithLimit(3), permanent, kMiddle));
  v1::Failure plain;
  plain.set_retryable(true);
  EXPECT_TRUE(policy.After(AttemptNumber{1}, StepWithLimit(3), plain, kMiddle));
  StepTemplate not_retryable = StepWithLimit(3);
  not_retryable.retryable = false;
  EXPECT_FALSE(policy.After(AttemptNumber{1}, not_retryable, plain, kMiddle));
}

}  // namespace
}  // namespace tasker::engine
