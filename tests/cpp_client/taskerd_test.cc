// The library against the real service, by the test kit.
#include <atomic>
#include <string>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tasker/testkit/taskerd_fixture.h"

namespace tasker::testkit {
namespace {

using client::Json;
using client::Sequence;
using client::Step;
using client::Task;

constexpr char kTemplate[] = R"(
name: two_steps
task_handler_class: TwoSteps
version: "1.0.0"
step_templates:
  - {name: first, handler_class: First}
  - {name: second, handler_class: Second, depends_on_step: first}
)";

void RegisterBoth(client::Worker& worker) {
  worker.Register("First", [](const Task& task, const Sequence&, const Step&) -> Json {
    return {{"n", task.context().at("n")}};
  });
  worker.Register("Second", [](const Task&, const Sequence& sequence, const Step&) -> Json {
    return client::get_previous_step_data(sequence, "first", "n").get<std::int64_t>() + 1;
  });
}

class Taskerd : public TaskerdFixture {
 protected:
  void SetUp() override {
    ASSERT_EQ(taskerd().client().ApplyTemplate(kTemplate, "two_steps.yaml").status(),
              absl::OkStatus());
  }
};

TEST_F(Taskerd, Task_RunsToItsEndWithHandlersInThisProcess) {
  const v1::Task task =
      taskerd().RunTask({.name = "two_steps", .context = {{"n", 9007199254740993}}}, RegisterBoth);
  EXPECT_EQ(task.state(), v1::TASK_STATE_COMPLETE);
  EXPECT_EQ(task.steps(1).results(), "9007199254740994");
}

TEST_F(Taskerd, Failure_IsRetriedThenResolvedByHand) {
  const v1::Task task =
      taskerd().RunTask({.name = "two_steps", .context = {{"n", 1}}}, [](client::Worker& worker) {
        RegisterBoth(worker);
        worker.Register("First", [](const Task&, const Sequence&, const Step&) -> Json {
          throw client::PermanentError("broken for good");
        });
      });
  EXPECT_EQ(task.state(), v1::TASK_STATE_ERROR);
  EXPECT_EQ(task.steps(0).last_failure().message(), "broken for good");
  client::Client& client = taskerd().client();
  EXPECT_EQ(client.ResolveTask(task.task_id(), {.actor = "me", .reason = "by hand"}),
            absl::OkStatus());
  EXPECT_EQ(client.GetTask(task.task_id())->state(), v1::TASK_STATE_RESOLVED_MANUALLY);
}

TEST_F(Taskerd, ServiceKilledMidStep_FindsTheStepAgainAndRunsItOnce) {
  std::atomic<int> runs = 0;
  absl::Notification entered, killed;
  client::WorkerOptions options;
  options.server = taskerd().address();
  options.log = [](std::string_view) {};
  client::Worker worker(options);
  RegisterBoth(worker);
  worker.Register("First", [&](const Task&, const Sequence&, const Step&) -> Json {
    ++runs;
    entered.Notify();
    killed.WaitForNotification();
    return {{"n", 1}};
  });
  std::thread thread([&] { EXPECT_EQ(worker.Run(), absl::OkStatus()); });
  const auto created = taskerd().client().CreateTask({.name = "two_steps", .context = {{"n", 1}}});
  ASSERT_TRUE(created.ok()) << created.status();
  entered.WaitForNotification();
  taskerd().Restart();
  killed.Notify();
  const auto ended = taskerd().client().WaitForTask(created->task_id(), std::chrono::seconds(60));
  worker.Stop();
  thread.join();
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_EQ(ended->state(), v1::TASK_STATE_COMPLETE);
  EXPECT_EQ(ended->steps(0).attempts(), 1u);
  EXPECT_EQ(runs, 1);
}

TEST(TaskerdServer, Program_ThatDoesNotStartSaysWhy) {
  EXPECT_THROW(TaskerdServer({.program = "no/such/taskerd"}), std::runtime_error);
  EXPECT_THROW(TaskerdServer({.arguments = {"--no-such-flag"}}), std::runtime_error);
}

}  // namespace
}  // namespace tasker::testkit
