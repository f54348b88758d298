#include <future>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "tests/cli/command_run.h"
#include "tests/cli/task_builder.h"

namespace tasker::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr absl::Duration Ms(int count) { return absl::Milliseconds(count); }

v1::Event Named(const std::string& name) {
  v1::Event event;
  event.set_name(name);
  return event;
}

v1::Task Pending() {
  return MakeTask(v1::TASK_STATE_PENDING, {StepBuilder("fetch", v1::STEP_STATE_ENQUEUED),
                                           StepBuilder("pay", v1::STEP_STATE_PENDING, {"fetch"})});
}

v1::Task Fetched() {
  return MakeTask(v1::TASK_STATE_IN_PROGRESS,
                  {StepBuilder("fetch", v1::STEP_STATE_COMPLETE).Ran(Ms(10), Ms(22)),
                   StepBuilder("pay", v1::STEP_STATE_IN_PROGRESS, {"fetch"}).Started(Ms(30))});
}

v1::Task Ended(v1::TaskState task_state, v1::StepState step_state) {
  auto task =
      MakeTask(task_state, {StepBuilder("fetch", v1::STEP_STATE_COMPLETE).Ran(Ms(10), Ms(22)),
                            StepBuilder("pay", step_state, {"fetch"})
                                .Attempts(2, 2)
                                .Ran(Ms(30), Ms(80))
                                .Failed("Declined", "no funds")});
  *task.mutable_completed_at() = At(Ms(80));
  return task;
}

v1::Task Complete() { return Ended(v1::TASK_STATE_COMPLETE, v1::STEP_STATE_COMPLETE); }

class TaskWatchTest : public testing::Test {
 protected:
  std::future<CommandResult> Watch(std::vector<std::string> more = {},
                                   const CommandSetting& setting = {}) {
    more.insert(more.begin(), {"task", "watch", kTaskId});
    return std::async(std::launch::async,
                      [this, more, setting] { return RunCommand(server_, more, setting); });
  }

  FakeServer server_;
};

TEST_F(TaskWatchTest, PrintsALineForEachChangeAndExitsZeroWhenComplete) {
  server_.log().SetTask(Pending());
  auto watch = Watch();
  ASSERT_TRUE(server_.log().AwaitRead());
  server_.log().Publish(Fetched(), Named("step.completed"));
  ASSERT_TRUE(server_.log().AwaitRead());
  server_.log().Publish(Complete(), Named("task.completed"));
  const auto result = watch.get();
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_THAT(result.out, StartsWith("· order_process 3f2a9c1e pending 0/2 steps "));
  EXPECT_THAT(result.out, HasSubstr("\n○ fetch enqueued waits for a handler of Order::fetch\n"
                                    "▶ order_process 3f2a9c1e in_progress 1/2 steps "));
  EXPECT_THAT(result.out, HasSubstr("\n✔ fetch complete 12ms\n▶ pay in_progress\n"));
  EXPECT_THAT(result.out, EndsWith("✔ order_process 3f2a9c1e complete 2/2 steps 80ms\n"
                                   "✔ pay complete 2/2 50ms after Declined: no funds\n"
                                   "order_process: complete\n"));
  EXPECT_THAT(result.err, IsEmpty());
}

TEST_F(TaskWatchTest, SubscribesBeforeItReadsTheTaskSoThatNothingFallsInBetween) {
  server_.log().SetTask(Complete());
  EXPECT_EQ(Watch().get().code, ExitCode::kOk);
  EXPECT_THAT(server_.log().calls(), ElementsAre("Subscribe", "GetTask"));
  EXPECT_THAT(server_.log().subscriptions().at(0).filter().task_ids(), ElementsAre(kTaskId));
}

TEST_F(TaskWatchTest, ExitsOneAndNamesTheFailedStepsWhenTheTaskFails) {
  server_.log().SetTask(Ended(v1::TASK_STATE_ERROR, v1::STEP_STATE_ERROR));
  const auto result = Watch().get();
  EXPECT_EQ(result.code, ExitCode::kRefused);
  EXPECT_THAT(result.out, EndsWith("order_process: error\n"));
  EXPECT_EQ(result.err, std::string("tasker: task ") + kTaskId +
                            " did not complete: error, failed steps: pay\n");
}

TEST_F(TaskWatchTest, ExitsOneForEveryOtherEnd) {
  server_.log().SetTask(Ended(v1::TASK_STATE_CANCELLED, v1::STEP_STATE_CANCELLED));
  EXPECT_EQ(Watch().get().code, ExitCode::kRefused);
  server_.log().SetTask(Ended(v1::TASK_STATE_RESOLVED_MANUALLY, v1::STEP_STATE_RESOLVED_MANUALLY));
  EXPECT_EQ(Watch().get().code, ExitCode::kRefused);
}

TEST_F(TaskWatchTest, RedrawsInPlaceOnATerminal) {
  server_.log().SetTask(Pending());
  auto watch = Watch({}, {.terminal = true, .size = {.width = 60, .height = 20}});
  ASSERT_TRUE(server_.log().AwaitRead());
  server_.log().Publish(Complete(), Named("task.completed"));
  const auto result = watch.get();
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_THAT(result.out, HasSubstr("\x1b[3A\r")) << "back over the header and two steps";
  EXPECT_THAT(result.out, HasSubstr("\x1b[32m✔\x1b[0m pay"));
  EXPECT_THAT(result.out, EndsWith("\x1b[Jorder_process: complete\n"));
}

TEST_F(TaskWatchTest, DrawsNoColoursWhenNoneAreWanted) {
  server_.log().SetTask(Complete());
  const auto result = Watch({"--no-color"}, {.terminal = true}).get();
  EXPECT_THAT(result.out, AllOf(HasSubstr("✔ pay"), Not(HasSubstr("\x1b[3"))));
}

TEST_F(TaskWatchTest, PrintsTheFinishedTaskAsOneJsonDocument) {
  server_.log().SetTask(Pending());
  auto watch = Watch({"--output", "json"});
  ASSERT_TRUE(server_.log().AwaitRead());
  server_.log().Publish(Complete(), Named("task.completed"));
  const auto result = watch.get();
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_EQ(nlohmann::json::parse(result.out)["state"], "TASK_STATE_COMPLETE");
}

TEST_F(TaskWatchTest, GoesOnAfterTheLastCursorWhenTheServiceRestarts) {
  server_.log().SetTask(Pending());
  auto watch = Watch({"--timeout", "30"});
  ASSERT_TRUE(server_.log().AwaitRead());
  server_.log().Publish(Fetched(), Named("step.completed"));
  ASSERT_TRUE(server_.log().AwaitRead());
  server_.Stop();
  server_.Start();
  ASSERT_TRUE(server_.log().AwaitSubscriptions(2));
  server_.log().Publish(Complete(), Named("task.completed"));
  const auto result = watch.get();
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_EQ(server_.log().subscriptions().at(1).after_cursor(), "1");
  EXPECT_THAT(result.err, HasSubstr("tasker: lost " + server_.address()));
  EXPECT_THAT(result.out, EndsWith("order_process: complete\n"));
}

TEST_F(TaskWatchTest, StartsAfreshWhenTheEventsItMissedAreNoLongerKept) {
  server_.log().SetTask(Pending());
  auto watch = Watch({"--timeout", "30"});
  ASSERT_TRUE(server_.log().AwaitRead());
  server_.Stop();
  server_.log().Publish(Fetched(), Named("step.completed"));
  server_.log().Forget(1);
  server_.Start();
  ASSERT_TRUE(server_.log().AwaitSubscriptions(3));
  server_.log().Publish(Complete(), Named("task.completed"));
  EXPECT_EQ(watch.get().code, ExitCode::kOk);
  EXPECT_EQ(server_.log().subscriptions().at(1).after_cursor(), "0");
  EXPECT_EQ(server_.log().subscriptions().at(2).start_case(), v1::SubscribeRequest::START_NOT_SET);
}

TEST_F(TaskWatchTest, GivesUpWhenTheServiceStaysAwayLongerThanTheTimeout) {
  server_.log().SetTask(Pending());
  auto watch = Watch({"--timeout", "0.5"});
  ASSERT_TRUE(server_.log().AwaitRead());
  server_.Stop();
  const auto result = watch.get();
  EXPECT_EQ(result.code, ExitCode::kUnreachable);
  EXPECT_THAT(result.err, HasSubstr("tasker: UNAVAILABLE: no answer for 500ms"));
}

TEST_F(TaskWatchTest, OfAnUnknownTaskIsRefused) {
  const auto result = RunCommand(server_, {"task", "watch", "unknown"});
  EXPECT_EQ(result.code, ExitCode::kRefused);
  EXPECT_EQ(result.err, "tasker: NOT_FOUND: no task unknown\n");
}

TEST_F(TaskWatchTest, FollowsATaskThatWasJustCreated) {
  server_.log().SetTask(Complete());
  server_.answers().create_task = [](const auto&, auto* response) {
    response->set_task_id(kTaskId);
    response->set_version("0.1.0");
    return grpc::Status::OK;
  };
  const auto result = RunCommand(server_, {"task", "create", "order_process", "--watch"});
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_THAT(result.out, StartsWith(std::string("created order_process@0.1.0 ") + kTaskId + "\n"));
  EXPECT_THAT(result.out, EndsWith("order_process: complete\n"));
}

}  // namespace
}  // namespace tasker::cli
