#include "clients/cli/task_changes.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/cli/task_builder.h"

namespace tasker::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr absl::Duration Ms(int count) { return absl::Milliseconds(count); }

TEST(DescribeChanges, BeginsWithTheTaskAndWhatIsNoLongerPending) {
  const auto task = MakeTask(
      v1::TASK_STATE_IN_PROGRESS,
      {StepBuilder("fetch", v1::STEP_STATE_COMPLETE).Ran(Ms(0), Ms(12)),
       StepBuilder("pay", v1::STEP_STATE_IN_PROGRESS, {"fetch"}).Started(Ms(20)).Handler("h1"),
       StepBuilder("mail", v1::STEP_STATE_PENDING, {"pay"})});
  EXPECT_THAT(DescribeChanges(nullptr, task, Start() + Ms(40)),
              ElementsAre("▶ order_process 3f2a9c1e in_progress 1/3 steps 40ms",
                          "✔ fetch complete 12ms", "▶ pay in_progress at h1"));
}

TEST(DescribeChanges, SaysNothingWhenNothingChanged) {
  const auto task = MakeTask(v1::TASK_STATE_IN_PROGRESS,
                             {StepBuilder("pay", v1::STEP_STATE_IN_PROGRESS).Started(Ms(20))});
  EXPECT_THAT(DescribeChanges(&task, task, Start() + Ms(40)), IsEmpty());
}

TEST(DescribeChanges, TellsOfRetriesWithTheFailure) {
  const auto before = MakeTask(v1::TASK_STATE_IN_PROGRESS,
                               {StepBuilder("pay", v1::STEP_STATE_IN_PROGRESS).Started(Ms(20))});
  const auto after =
      MakeTask(v1::TASK_STATE_IN_PROGRESS, {StepBuilder("pay", v1::STEP_STATE_WAITING_FOR_RETRY)
                                                .Started(Ms(20))
                                                .RetryAt(Ms(1000))
                                                .Failed("Declined", "no funds")});
  EXPECT_THAT(DescribeChanges(&before, after, Start()),
              ElementsAre("↻ pay waiting_for_retry retry in 1.0s: Declined: no funds"));
}

TEST(DescribeChanges, NoticesAnAttemptThatCameAndWentBetweenTwoLooks) {
  const auto running = [](std::uint32_t attempt) {
    return MakeTask(v1::TASK_STATE_IN_PROGRESS, {StepBuilder("pay", v1::STEP_STATE_IN_PROGRESS)
                                                     .Attempts(attempt, 3)
                                                     .Started(Ms(20))
                                                     .Failed("Lost", "gone")});
  };
  const auto before = running(1);
  EXPECT_THAT(DescribeChanges(&before, running(2), Start()),
              ElementsAre("▶ pay in_progress 2/3 after Lost: gone"));
}

TEST(DescribeChanges, EscapesWhatStrangersWrote) {
  const auto task =
      MakeTask(v1::TASK_STATE_PENDING, {StepBuilder("a\nb", v1::STEP_STATE_CANCELLED)});
  EXPECT_EQ(DescribeChanges(nullptr, task, Start()).at(1), "⊘ a\\nb cancelled");
}

}  // namespace
}  // namespace tasker::cli
