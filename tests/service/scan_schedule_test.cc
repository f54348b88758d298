#include "service/templates/scan_schedule.h"

#include <gtest/gtest.h>

namespace tasker::service {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Time = ScanSchedule::Time;

constexpr Time kBegin{seconds(1000)};

// That a look took `took` and had nothing to say.
ScanSchedule::Looked Quick(milliseconds took = milliseconds(0)) { return {took, false, false}; }

TEST(ScanSchedule, WaitsForAChange) {
  ScanSchedule schedule(seconds(0));
  schedule.OnLooked(kBegin, Quick());
  EXPECT_EQ(schedule.Next(), std::nullopt);
}

TEST(ScanSchedule, LooksOnceABurstIsOver) {
  ScanSchedule schedule(seconds(0));
  schedule.OnLooked(kBegin, Quick());
  for (int i = 0; i < 10; ++i) schedule.OnChange(kBegin + milliseconds(i * 10));
  EXPECT_EQ(schedule.Next(), kBegin + milliseconds(90) + ScanSchedule::kQuiet);
  schedule.OnLooked(kBegin + milliseconds(140), Quick());
  EXPECT_EQ(schedule.Next(), std::nullopt);
}

TEST(ScanSchedule, DoesNotWaitForTheEndOfABurstThatHasNone) {
  ScanSchedule schedule(seconds(0));
  schedule.OnLooked(kBegin, Quick());
  for (int i = 0; i < 1000; ++i) schedule.OnChange(kBegin + milliseconds(i * 10));
  EXPECT_EQ(schedule.Next(), kBegin + ScanSchedule::kBurstMax);
}

TEST(ScanSchedule, RestsNineTimesAsLongAsALookTookButNotForEver) {
  ScanSchedule schedule(seconds(0));
  schedule.OnLooked(kBegin, Quick(milliseconds(500)));
  schedule.OnChange(kBegin);
  EXPECT_EQ(schedule.Next(), kBegin + milliseconds(4500));
  schedule.OnLooked(kBegin, Quick(seconds(60)));
  schedule.OnChange(kBegin);
  EXPECT_EQ(schedule.Next(), kBegin + ScanSchedule::kRestMax);
}

TEST(ScanSchedule, LooksAgainAfterTheRescanTime) {
  ScanSchedule schedule(seconds(60));
  schedule.OnLooked(kBegin, Quick());
  EXPECT_EQ(schedule.Next(), kBegin + seconds(60));
  schedule.OnChange(kBegin);
  EXPECT_EQ(schedule.Next(), kBegin + ScanSchedule::kQuiet);
}

TEST(ScanSchedule, RetriesWhatWasNotStoredAtGrowingIntervals) {
  ScanSchedule schedule(seconds(0));
  milliseconds expected = std::chrono::duration_cast<milliseconds>(ScanSchedule::kRetryFirst);
  for (int i = 0; i < 10; ++i) {
    schedule.OnLooked(kBegin, {milliseconds(0), true, false});
    EXPECT_EQ(schedule.Next(), kBegin + expected);
    expected = std::min<milliseconds>(
        2 * expected, std::chrono::duration_cast<milliseconds>(ScanSchedule::kRetryMax));
  }
  schedule.OnStoreBack(kBegin);
  EXPECT_EQ(schedule.Next(), kBegin);
  schedule.OnLooked(kBegin, {milliseconds(0), true, false});
  EXPECT_EQ(schedule.Next(), kBegin + ScanSchedule::kRetryFirst);
}

TEST(ScanSchedule, ComesBackToWhatIsBeingWritten) {
  ScanSchedule schedule(seconds(60));
  schedule.OnLooked(kBegin, {milliseconds(0), false, true});
  EXPECT_EQ(schedule.Next(), kBegin + ScanSchedule::kQuiet);
}

}  // namespace
}  // namespace tasker::service
