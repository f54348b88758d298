#include "clients/cli/time_text.h"

#include <limits>

#include "gtest/gtest.h"

#include "tests/cli/task_builder.h"

namespace tasker::cli {
namespace {

TEST(TimeText, IsUtcWithMilliseconds) {
  EXPECT_EQ(TimeText(ToTime(At(absl::Milliseconds(250)))), "2025-03-01T09:30:00.250Z");
}

TEST(TimeText, IsEmptyForWhatIsUnset) { EXPECT_EQ(TimeText(false, At(absl::Seconds(1))), ""); }

TEST(ToTime, TakesTimestampsThatNoClockShows) {
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(std::numeric_limits<std::int64_t>::max());
  timestamp.set_nanos(std::numeric_limits<std::int32_t>::min());
  EXPECT_EQ(DurationText(ToTime(timestamp) - absl::InfiniteFuture()), "0.0ms");
}

TEST(DurationText, HasTwoSignificantParts) {
  EXPECT_EQ(DurationText(absl::Microseconds(430)), "0.4ms");
  EXPECT_EQ(DurationText(absl::Microseconds(12300)), "12ms");
  EXPECT_EQ(DurationText(absl::Milliseconds(4230)), "4.2s");
  EXPECT_EQ(DurationText(absl::Seconds(187)), "3m07s");
  EXPECT_EQ(DurationText(absl::Minutes(125)), "2h05m");
  EXPECT_EQ(DurationText(absl::Hours(76)), "3d04h");
}

TEST(DurationText, RoundsIntoTheNextUnitNotPastIt) {
  EXPECT_EQ(DurationText(absl::Microseconds(9990)), "10ms");
  EXPECT_EQ(DurationText(absl::Microseconds(999900)), "1.0s");
  EXPECT_EQ(DurationText(absl::Milliseconds(59990)), "1m00s");
}

TEST(DurationText, CountsBelowZeroAsZeroAndBearsInfinity) {
  EXPECT_EQ(DurationText(absl::Seconds(-5)), "0.0ms");
  EXPECT_NE(DurationText(absl::InfiniteDuration()), "");
}

}  // namespace
}  // namespace tasker::cli
