#include <future>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "clients/cli/event_line.h"
#include "clients/cli/terminal_text.h"
#include "tests/cli/command_run.h"
#include "tests/cli/task_builder.h"

namespace tasker::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

v1::Event StepCompleted(const std::string& step) {
  v1::Event event;
  event.set_name("step.completed");
  event.set_category("step");
  *event.mutable_timestamp() = At(absl::Milliseconds(5));
  event.set_task_id(kTaskId);
  event.set_task_name("order_process");
  event.set_step_name(step);
  event.set_attempt_number(1);
  event.set_payload(R"({"big": 9007199254740993})");
  return event;
}

TEST(EventLine, AlignsWhatItShows) {
  EventLine line;
  EXPECT_EQ(line.Format(StepCompleted("fetch"), 0),
            "2025-03-01T09:30:00.005Z  step.completed            order_process  3f2a9c1e  "
            "fetch #1              {\"big\":9007199254740993}");
  v1::Event bare;
  bare.set_name("handler.registered");
  EXPECT_EQ(line.Format(bare, 0),
            "-                         handler.registered        -              -         "
            "-                     -");
}

TEST(EventLine, KeepsTheWidthOfTheWidest) {
  EventLine line;
  line.Format(StepCompleted(std::string(40, 's')), 0);
  EXPECT_THAT(line.Format(StepCompleted("fetch"), 0),
              HasSubstr("fetch #1" + std::string(35, ' ') + "  {"));
}

TEST(EventLine, ShowsATaskInTheSameColumns) {
  EventLine line;
  v1::Task task = MakeTask(v1::TASK_STATE_ERROR, {StepBuilder("pay", v1::STEP_STATE_ERROR)});
  task.set_priority(7);
  task.add_tags("gold");
  EXPECT_EQ(line.Format(task, 0),
            "2025-03-01T09:30:00.000Z  (error)                   order_process  3f2a9c1e  "
            "0 of 1                priority 7, gold, failed: pay");
}

TEST(EventLine, CutsAndEscapes) {
  EventLine line;
  auto event = StepCompleted("a\x1b[2J");
  event.set_payload("\n");
  EXPECT_THAT(line.Format(event, 0), HasSubstr("a\\x1b[2J #1"));
  EXPECT_EQ(DisplayWidth(line.Format(event, 30)), 30);
}

class EventsTailTest : public testing::Test {
 protected:
  EventsTailTest() {
    const v1::Task task = MakeTask(v1::TASK_STATE_IN_PROGRESS, {});
    server_.log().Publish(task, StepCompleted("fetch"));
    server_.log().Publish(task, StepCompleted("pay"));
  }

  FakeServer server_;
};

TEST_F(EventsTailTest, PrintsALineForEachEventUpToTheLimit) {
  const auto result = RunCommand(server_, {"events", "tail", "--from-earliest", "--limit", "2"});
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_EQ(result.out,
            "2025-03-01T09:30:00.005Z  step.completed            order_process  3f2a9c1e  "
            "fetch #1              {\"big\":9007199254740993}\n"
            "2025-03-01T09:30:00.005Z  step.completed            order_process  3f2a9c1e  "
            "pay #1                {\"big\":9007199254740993}\n");
}

TEST_F(EventsTailTest, PrintsOneJsonObjectALine) {
  const auto result =
      RunCommand(server_, {"events", "tail", "--after", "1", "--limit", "1", "--output", "json"});
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_EQ(result.out.find('\n'), result.out.size() - 1);
  EXPECT_THAT(result.out, HasSubstr("\"big\":9007199254740993"));
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json["stepName"], "pay");
  EXPECT_EQ(json["cursor"], "2");
}

TEST_F(EventsTailTest, SendsTheFilterAndTheStart) {
  RunCommand(server_, {"events", "tail", "--name", "step.*", "--name", "*.failed", "--task",
                       kTaskId, "--namespace", "shop", "--category", "step", "--category", "task",
                       "--from-earliest", "--limit", "1"});
  const auto request = server_.log().subscriptions().at(0);
  EXPECT_THAT(request.filter().names(), ElementsAre("step.*", "*.failed"));
  EXPECT_THAT(request.filter().task_ids(), ElementsAre(kTaskId));
  EXPECT_EQ(request.filter().namespace_(), "shop");
  EXPECT_THAT(request.filter().categories(), ElementsAre("step", "task"));
  EXPECT_TRUE(request.from_earliest());
}

TEST_F(EventsTailTest, SendsWhatElseItIsToldOfTasksAndEvents) {
  RunCommand(server_, {"events", "tail", "--priority", "7", "--priority", "8", "--tag", "gold",
                       "--task-name", "order", "--where", "payload.x > 5", "--from-time",
                       "2025-03-01T09:30:00.5Z", "--timeout", "1", "--after", "1"});
  EXPECT_THAT(server_.log().subscriptions(), IsEmpty());
  auto tail = std::async(std::launch::async, [this] {
    return RunCommand(server_, {"events", "tail", "--priority", "7", "--priority", "8", "--tag",
                                "gold", "--task-name", "order", "--where", "payload.x > 5",
                                "--from-time", "2025-03-01T09:30:00.5Z", "--limit", "1"});
  });
  ASSERT_TRUE(server_.log().AwaitSubscriptions(1));
  server_.log().Publish(MakeTask(v1::TASK_STATE_IN_PROGRESS, {}), StepCompleted("mail"));
  EXPECT_EQ(tail.get().code, ExitCode::kOk);
  const auto request = server_.log().subscriptions().at(0);
  EXPECT_THAT(request.filter().priorities(), ElementsAre(7u, 8u));
  EXPECT_THAT(request.filter().tags(), ElementsAre("gold"));
  EXPECT_EQ(request.filter().task_name(), "order");
  EXPECT_EQ(request.filter().where(), "payload.x > 5");
  EXPECT_EQ(request.from_time().seconds(), 1'740'821'400);
  EXPECT_EQ(request.from_time().nanos(), 500'000'000);
}

TEST_F(EventsTailTest, RefusesWhatIsNoTime) {
  const auto result = RunCommand(server_, {"events", "tail", "--from-time", "yesterday"});
  EXPECT_EQ(result.code, ExitCode::kUsage);
  EXPECT_THAT(result.err, HasSubstr("'yesterday' is not a time such as"));
}

TEST_F(EventsTailTest, PrintsTheTasksAndThenWhatHappensToThem) {
  const auto run = [this](const std::string& output) {
    const std::size_t before = server_.log().subscriptions().size();
    auto tail = std::async(std::launch::async, [this, output] {
      return RunCommand(
          server_, {"events", "tail", "--snapshot", "--open", "--limit", "1", "--output", output});
    });
    EXPECT_TRUE(server_.log().AwaitSubscriptions(before + 1));
    server_.log().Publish(MakeTask(v1::TASK_STATE_IN_PROGRESS, {}), StepCompleted("mail"));
    return tail.get().out;
  };
  const std::string text = run("table");
  EXPECT_THAT(text, HasSubstr("(in_progress)             order_process  3f2a9c1e  0 of 0"));
  EXPECT_LT(text.find("--- these are the tasks; events follow\n"), text.find("mail #1"));
  EXPECT_TRUE(server_.log().subscriptions().at(0).snapshot().open_only());
  std::vector<std::string> lines = absl::StrSplit(run("json"), '\n');
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(nlohmann::json::parse(lines[0])["task"]["taskId"], kTaskId);
  EXPECT_EQ(nlohmann::json::parse(lines[0])["snapshotPosition"]["sequence"], "7");
  EXPECT_EQ(nlohmann::json::parse(lines[1])["snapshotComplete"], true);
  EXPECT_EQ(nlohmann::json::parse(lines[2])["stepName"], "mail");
}

TEST_F(EventsTailTest, StartsWithWhatHappensFromNowOnUnlessTold) {
  auto tail = std::async(std::launch::async, [this] {
    return RunCommand(server_, {"events", "tail", "--limit", "1", "--output", "json"});
  });
  ASSERT_TRUE(server_.log().AwaitSubscriptions(1));
  server_.log().Publish(MakeTask(v1::TASK_STATE_IN_PROGRESS, {}), StepCompleted("mail"));
  EXPECT_EQ(nlohmann::json::parse(tail.get().out)["stepName"], "mail");
  EXPECT_EQ(server_.log().subscriptions().at(0).start_case(), v1::SubscribeRequest::START_NOT_SET);
}

TEST_F(EventsTailTest, SeesEveryEventOnceAcrossARestartOfTheService) {
  auto tail = std::async(std::launch::async, [this] {
    return RunCommand(server_,
                      {"events", "tail", "--limit", "2", "--output", "json", "--timeout", "30"});
  });
  const v1::Task task = MakeTask(v1::TASK_STATE_IN_PROGRESS, {});
  ASSERT_TRUE(server_.log().AwaitSubscriptions(1));
  server_.log().Publish(task, StepCompleted("before"));
  server_.Stop();
  server_.log().Publish(task, StepCompleted("while away"));
  server_.Start();
  const auto result = tail.get();
  EXPECT_EQ(result.code, ExitCode::kOk);
  const std::size_t first_end = result.out.find('\n');
  EXPECT_EQ(nlohmann::json::parse(result.out.substr(0, first_end))["stepName"], "before");
  EXPECT_EQ(nlohmann::json::parse(result.out.substr(first_end))["stepName"], "while away");
}

TEST_F(EventsTailTest, RefusesACursorThatIsNoLongerKept) {
  server_.log().Forget(2);
  const auto result = RunCommand(server_, {"events", "tail", "--after", "1"});
  EXPECT_EQ(result.code, ExitCode::kRefused);
  EXPECT_EQ(result.err, "tasker: OUT_OF_RANGE: earliest cursor: 2\n");
  EXPECT_THAT(result.out, IsEmpty());
}

TEST_F(EventsTailTest, SaysWhereToGoOnWhenItGivesUp) {
  auto tail = std::async(std::launch::async, [this] {
    return RunCommand(server_, {"events", "tail", "--timeout", "0.5"});
  });
  ASSERT_TRUE(server_.log().AwaitSubscriptions(1));
  server_.Stop();
  const auto result = tail.get();
  EXPECT_EQ(result.code, ExitCode::kUnreachable);
  EXPECT_THAT(result.err, HasSubstr("To go on from here: --after 2\n"));
}

}  // namespace
}  // namespace tasker::cli
