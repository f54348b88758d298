#include "clients/cli/task_view.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "clients/cli/terminal_text.h"
#include "tests/cli/task_builder.h"

namespace tasker::cli {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

constexpr absl::Duration Ms(int count) { return absl::Milliseconds(count); }

v1::Task RunningOrder() {
  return MakeTask(
      v1::TASK_STATE_IN_PROGRESS,
      {StepBuilder("fetch_order", v1::STEP_STATE_COMPLETE).Ran(Ms(2), Ms(14)),
       StepBuilder("validate_inventory", v1::STEP_STATE_COMPLETE, {"fetch_order"})
           .Ran(Ms(15), Ms(1315)),
       StepBuilder("process_payment", v1::STEP_STATE_WAITING_FOR_RETRY, {"validate_inventory"})
           .Attempts(1, 2)
           .Started(Ms(1400))
           .RetryAt(Ms(2500))
           .Failed("Payments::Declined", "card declined"),
       StepBuilder("update_inventory", v1::STEP_STATE_PENDING, {"process_payment"}),
       StepBuilder("send_confirmation", v1::STEP_STATE_PENDING, {"update_inventory"})});
}

TEST(RenderTask, ShowsAChainInOrderWithStatesTimesAndFailures) {
  EXPECT_THAT(
      RenderTask(RunningOrder(), Start() + Ms(1500), {}),
      ElementsAre("▶ order_process@0.1.0  3f2a9c1e  in_progress  2/5 steps  1.5s",
                  "✔ fetch_order         12ms", "✔ validate_inventory  1.3s",
                  "↻ process_payment           retry in 1.0s: Payments::Declined: card declined",
                  "· update_inventory", "· send_confirmation"));
}

TEST(RenderTask, CountsTheRetryDownAndSaysWhenItIsDue) {
  const auto row = [](absl::Duration now) {
    return RenderTask(RunningOrder(), Start() + now, {})[3];
  };
  EXPECT_THAT(row(Ms(2000)), HasSubstr("retry in 500ms"));
  EXPECT_THAT(row(Ms(2500)), HasSubstr("retry is due"));
}

TEST(RenderTask, ShowsAttemptsOnceThereIsMoreThanOne) {
  const auto task = MakeTask(v1::TASK_STATE_IN_PROGRESS,
                             {StepBuilder("fetch", v1::STEP_STATE_COMPLETE).Ran(Ms(0), Ms(10)),
                              StepBuilder("pay", v1::STEP_STATE_IN_PROGRESS, {"fetch"})
                                  .Attempts(2, 2)
                                  .Started(Ms(1000))
                                  .Handler("order-handlers")
                                  .Failed("Declined", "no funds")});
  EXPECT_THAT(RenderTask(task, Start() + Ms(1200), {}),
              ElementsAre("▶ order_process@0.1.0  3f2a9c1e  in_progress  1/2 steps  1.2s",
                          "✔ fetch        10ms",
                          "▶ pay    2/2  200ms  at order-handlers, after Declined: no funds"));
}

TEST(RenderTask, BracketsWhatRunsSideBySideAndNamesDistantDependencies) {
  const auto task =
      MakeTask(v1::TASK_STATE_PENDING,
               {StepBuilder("fetch", v1::STEP_STATE_PENDING),
                StepBuilder("left", v1::STEP_STATE_PENDING, {"fetch"}),
                StepBuilder("middle", v1::STEP_STATE_PENDING, {"fetch"}),
                StepBuilder("right", v1::STEP_STATE_PENDING, {"fetch"}),
                StepBuilder("join", v1::STEP_STATE_PENDING, {"left", "middle", "right"}),
                StepBuilder("mail", v1::STEP_STATE_PENDING, {"join", "fetch"})});
  EXPECT_THAT(
      RenderTask(task, Start(), {}),
      ElementsAre("· order_process@0.1.0  3f2a9c1e  pending  0/6 steps  0.0ms", "· fetch",
                  "· ┌ left", "· ├ middle", "· └ right", "· join", "· mail        ← join, fetch"));
}

TEST(RenderTask, HasAMarkForEveryState) {
  const auto mark = [](v1::StepState state) {
    const auto task = MakeTask(v1::TASK_STATE_IN_PROGRESS, {StepBuilder("s", state)});
    const std::string row = RenderTask(task, Start(), {})[1];
    return row.substr(0, row.find(' '));
  };
  EXPECT_EQ(mark(v1::STEP_STATE_PENDING), "·");
  EXPECT_EQ(mark(v1::STEP_STATE_ENQUEUED), "○");
  EXPECT_EQ(mark(v1::STEP_STATE_IN_PROGRESS), "▶");
  EXPECT_EQ(mark(v1::STEP_STATE_WAITING_FOR_RETRY), "↻");
  EXPECT_EQ(mark(v1::STEP_STATE_COMPLETE), "✔");
  EXPECT_EQ(mark(v1::STEP_STATE_ERROR), "✖");
  EXPECT_EQ(mark(v1::STEP_STATE_CANCELLED), "⊘");
  EXPECT_EQ(mark(v1::STEP_STATE_SKIPPED), "↷");
  EXPECT_EQ(mark(static_cast<v1::StepState>(77)), "?") << "from a newer service";
}

TEST(RenderTask, SaysWhatAnEnqueuedStepWaitsFor) {
  const auto task = MakeTask(v1::TASK_STATE_PENDING, {StepBuilder("pay", v1::STEP_STATE_ENQUEUED)});
  EXPECT_EQ(RenderTask(task, Start(), {})[1], "○ pay    waits for a handler of Order::pay");
}

TEST(RenderTask, ShowsOnlyTheFirstLineOfAFailure) {
  const auto task = MakeTask(
      v1::TASK_STATE_ERROR,
      {StepBuilder("pay", v1::STEP_STATE_ERROR).Ran(Ms(0), Ms(20)).Failed("E", "one\ntwo")});
  EXPECT_EQ(RenderTask(task, Start(), {})[1], "✖ pay  20ms  E: one …");
}

TEST(RenderTask, StopsTheClockWithTheTask) {
  auto task = RunningOrder();
  task.set_state(v1::TASK_STATE_CANCELLED);
  *task.mutable_completed_at() = At(Ms(4200));
  EXPECT_EQ(RenderTask(task, Start() + absl::Hours(5), {})[0],
            "⊘ order_process@0.1.0  3f2a9c1e  cancelled  2/5 steps  4.2s");
}

TEST(RenderTask, NamesTheNamespaceUnlessItIsTheDefault) {
  auto task = RunningOrder();
  task.set_namespace_("shop");
  EXPECT_THAT(RenderTask(task, Start(), {})[0], HasSubstr(" shop.order_process@0.1.0 "));
}

TEST(RenderTask, TurnsRunningStepsWithTheTimeWhenAnimated) {
  const auto task = MakeTask(v1::TASK_STATE_IN_PROGRESS,
                             {StepBuilder("pay", v1::STEP_STATE_IN_PROGRESS).Started(Ms(0))});
  const auto row = [&task](int now) {
    return RenderTask(task, Start() + Ms(now), {.animated = true})[1];
  };
  EXPECT_EQ(row(0), "⠋ pay  0.0ms");
  EXPECT_EQ(row(100), "⠙ pay  100ms");
  EXPECT_EQ(row(900), "⠏ pay  900ms");
}

TEST(RenderTask, ColoursMarksOnlyWhenAsked) {
  EXPECT_THAT(RenderTask(RunningOrder(), Start(), {}), Each(Not(HasSubstr("\x1b"))));
  EXPECT_THAT(RenderTask(RunningOrder(), Start(), {.color = true})[1],
              HasSubstr("\x1b[32m✔\x1b[0m fetch_order"));
}

TEST(RenderTask, EscapesWhatStrangersWrote) {
  auto task =
      MakeTask(v1::TASK_STATE_ERROR,
               {StepBuilder("s\x1b[2J", v1::STEP_STATE_ERROR).Failed("E\r", "\x1b]0;owned\x07")});
  task.set_name("n\na");
  EXPECT_THAT(
      RenderTask(task, Start(), {}),
      ElementsAre(HasSubstr("n\\na@0.1.0"), HasSubstr("s\\x1b[2J    E\\r: \\x1b]0;owned\\x07")));
}

TEST(RenderTask, KeepsEveryLineInsideTheWidth) {
  for (int width = 1; width < 90; ++width) {
    for (const auto& line : RenderTask(RunningOrder(), Start(), {.width = width})) {
      EXPECT_LE(DisplayWidth(line), width) << line;
    }
  }
  EXPECT_EQ(RenderTask(RunningOrder(), Start() + Ms(1500), {.width = 40})[3],
            "↻ process_payment           retry in 1.…");
}

TEST(RenderTask, CutsVeryLongNames) {
  const auto task = MakeTask(v1::TASK_STATE_PENDING,
                             {StepBuilder(std::string(300, 'x'), v1::STEP_STATE_PENDING)});
  EXPECT_EQ(RenderTask(task, Start(), {})[1], "· " + std::string(47, 'x') + "…");
}

v1::Task ManySteps(int complete, int pending) {
  std::vector<v1::Step> steps;
  steps.reserve(static_cast<std::size_t>(complete + 1 + pending));
  for (int i = 0; i < complete; ++i) {
    steps.push_back(StepBuilder("done" + std::to_string(i), v1::STEP_STATE_COMPLETE));
  }
  steps.push_back(StepBuilder("running", v1::STEP_STATE_IN_PROGRESS));
  for (int i = 0; i < pending; ++i) {
    steps.push_back(StepBuilder("next" + std::to_string(i), v1::STEP_STATE_PENDING));
  }
  return MakeTask(v1::TASK_STATE_IN_PROGRESS, steps);
}

TEST(RenderTask, KeepsWithinTheHeightAndCountsWhatIsLeftOut) {
  EXPECT_THAT(RenderTask(ManySteps(100, 1), Start(), {.height = 5}),
              ElementsAre(HasSubstr("100/102 steps"), "✔ ├ done99", "▶ ├ running", "· └ next0",
                          "… not shown: 99 complete"));
}

TEST(RenderTask, GivesTheNoticeALineOfItsOwnWithinTheHeight) {
  const auto lines =
      RenderTask(ManySteps(3000, 3000), Start(), {.height = 24, .notice = "lost\n127.0.0.1:7420"});
  EXPECT_THAT(lines, SizeIs(24));
  EXPECT_EQ(lines[22], "… not shown: 2980 pending, 3000 complete");
  EXPECT_EQ(lines[23], "lost\\n127.0.0.1:7420");
}

TEST(RenderTask, BearsTheSmallestTerminal) {
  EXPECT_THAT(RenderTask(ManySteps(10, 10), Start(), {.width = 1, .height = 1}),
              Each(testing::AnyOf("▶", "…")));
}

TEST(RenderTask, BearsAnEmptyTask) { EXPECT_THAT(RenderTask(v1::Task(), Start(), {}), SizeIs(1)); }

}  // namespace
}  // namespace tasker::cli
