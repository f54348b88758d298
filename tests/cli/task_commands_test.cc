#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "tests/cli/command_run.h"
#include "tests/cli/task_builder.h"

namespace tasker::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class TaskCommandsTest : public testing::Test {
 protected:
  TaskCommandsTest() {
    server_.answers().create_task = [this](const v1::CreateTaskRequest& request,
                                           v1::CreateTaskResponse* response) {
      created_ = request;
      response->set_task_id(kTaskId);
      response->set_version("0.1.0");
      response->mutable_position()->set_sequence(9007199254740993ULL);
      return grpc::Status::OK;
    };
  }

  FakeServer server_;
  v1::CreateTaskRequest created_;
};

TEST_F(TaskCommandsTest, CreateSendsEverythingThatWasGiven) {
  const auto result = RunCommand(
      server_, {"task", "create", "order_process", "--context", R"({"order_id": 1})", "--namespace",
                "shop", "--version", "1.2.0", "--initiator", "ann", "--source-system", "web",
                "--reason", "a sale", "--tag", "eu", "--tag", "new buyer"});
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_EQ(result.out, std::string("created order_process@0.1.0 ") + kTaskId + "\n");
  EXPECT_EQ(created_.name(), "order_process");
  EXPECT_EQ(created_.context(), R"({"order_id": 1})");
  EXPECT_EQ(created_.namespace_(), "shop");
  EXPECT_EQ(created_.version(), "1.2.0");
  EXPECT_EQ(created_.initiator(), "ann");
  EXPECT_EQ(created_.source_system(), "web");
  EXPECT_EQ(created_.reason(), "a sale");
  EXPECT_THAT(created_.tags(), ElementsAre("eu", "new buyer"));
}

TEST_F(TaskCommandsTest, CreatePassesTheContextOnAsItStands) {
  RunCommand(server_, {"task", "create", "x", "--context", "{}"});
  EXPECT_EQ(created_.context(), "{}");
  RunCommand(server_, {"task", "create", "x", "--context", "[1,2]"});
  EXPECT_EQ(created_.context(), "[1,2]") << "checking is the service's work";
  RunCommand(server_, {"task", "create", "x", "--context-file", "-"}, {.input = "{\"a\":\n1}"});
  EXPECT_EQ(created_.context(), "{\"a\":\n1}");
}

TEST_F(TaskCommandsTest, CreateQuietlyPrintsOnlyTheId) {
  EXPECT_EQ(RunCommand(server_, {"task", "create", "x", "--quiet"}).out,
            std::string(kTaskId) + "\n");
}

TEST_F(TaskCommandsTest, CreatePrintsJson) {
  const auto result = RunCommand(server_, {"task", "create", "x", "--output", "json"});
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json["taskId"], kTaskId);
  EXPECT_EQ(json["position"]["sequence"], "9007199254740993");
}

v1::Task FinishedOrder() {
  auto task =
      MakeTask(v1::TASK_STATE_COMPLETE, {StepBuilder("fetch", v1::STEP_STATE_COMPLETE)
                                             .Ran(absl::Milliseconds(10), absl::Milliseconds(22))
                                             .Results(R"({"total": 12345678901234567890123})"),
                                         StepBuilder("pay", v1::STEP_STATE_COMPLETE, {"fetch"})
                                             .Attempts(2, 2)
                                             .Ran(absl::Milliseconds(30), absl::Milliseconds(1030))
                                             .Failed("Declined", "no funds")
                                             .Results("{}")});
  task.set_execution_status(v1::EXECUTION_STATUS_ALL_COMPLETE);
  task.set_context(R"({"order_id": 1})");
  task.set_initiator("ann");
  task.set_source_system("web");
  task.set_reason("unknown");
  task.add_tags("eu");
  *task.mutable_started_at() = At(absl::Milliseconds(10));
  *task.mutable_completed_at() = At(absl::Milliseconds(1030));
  return task;
}

TEST_F(TaskCommandsTest, ShowPrintsStepsContextAndResults) {
  server_.log().SetTask(FinishedOrder());
  const auto result = RunCommand(server_, {"task", "show", kTaskId});
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_EQ(result.out,
            "task        3f2a9c1e-0b7d-4c55-9a6e-2f1d8e4b7a10\n"
            "template    default.order_process@0.1.0\n"
            "state       complete (all_complete)\n"
            "initiator   ann\n"
            "source      web\n"
            "reason      unknown\n"
            "tags        eu\n"
            "created     2025-03-01T09:30:00.000Z\n"
            "started     2025-03-01T09:30:00.010Z\n"
            "completed   2025-03-01T09:30:01.030Z\n"
            "\n"
            "✔ order_process@0.1.0  3f2a9c1e  complete  2/2 steps  1.0s\n"
            "✔ fetch       12ms\n"
            "✔ pay    2/2  1.0s  after Declined: no funds\n"
            "\n"
            "context {\"order_id\":1}\n"
            "\n"
            "results\n"
            "  fetch {\"total\":12345678901234567890123}\n"
            "  pay {}\n");
}

TEST_F(TaskCommandsTest, ShowPrintsJsonWithPayloadsAsTheyAre) {
  server_.log().SetTask(FinishedOrder());
  const auto result = RunCommand(server_, {"task", "show", kTaskId, "--output", "json"});
  EXPECT_THAT(result.out, HasSubstr("\"total\": 12345678901234567890123\n"));
  EXPECT_EQ(nlohmann::json::parse(result.out)["context"]["order_id"], 1);
}

TEST_F(TaskCommandsTest, ShowOfAnUnknownTaskIsRefused) {
  const auto result = RunCommand(server_, {"task", "show", "unknown"});
  EXPECT_EQ(result.code, ExitCode::kRefused);
  EXPECT_EQ(result.err, "tasker: NOT_FOUND: no task unknown\n");
}

TEST_F(TaskCommandsTest, ListSendsTheFiltersAndPrintsATableWithTheWayToTheNextPage) {
  v1::ListTasksRequest asked;
  server_.answers().list_tasks = [&](const v1::ListTasksRequest& request, auto* response) {
    asked = request;
    *response->add_tasks() = FinishedOrder();
    response->set_next_page_token("NEXT");
    return grpc::Status::OK;
  };
  const auto result = RunCommand(
      server_, {"task", "list", "--namespace", "shop", "--name", "order_process", "--version",
                "1.0.0", "--state", "complete", "--limit", "1", "--page-token", "THIS"});
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_EQ(asked.namespace_(), "shop");
  EXPECT_EQ(asked.name(), "order_process");
  EXPECT_EQ(asked.version(), "1.0.0");
  EXPECT_EQ(asked.state(), v1::TASK_STATE_COMPLETE);
  EXPECT_EQ(asked.page_size(), 1U);
  EXPECT_EQ(asked.page_token(), "THIS");
  EXPECT_THAT(result.out,
              HasSubstr("3f2a9c1e-0b7d-4c55-9a6e-2f1d8e4b7a10  default    order_process  "
                        "0.1.0    complete  2/2    2025-03-01T09:30:00.000Z  1.0s\n"));
  EXPECT_THAT(result.out, HasSubstr("more: --page-token NEXT\n"));
}

TEST_F(TaskCommandsTest, ListPrintsJson) {
  server_.answers().list_tasks = [](const auto&, auto* response) {
    response->add_tasks()->set_task_id(kTaskId);
    return grpc::Status::OK;
  };
  const auto json =
      nlohmann::json::parse(RunCommand(server_, {"task", "list", "--output", "json"}).out);
  EXPECT_EQ(json["tasks"][0]["taskId"], kTaskId);
  EXPECT_EQ(json["nextPageToken"], "");
}

TEST_F(TaskCommandsTest, CancelSendsTheReason) {
  v1::CancelTaskRequest asked;
  server_.answers().cancel_task = [&](const v1::CancelTaskRequest& request, auto*) {
    asked = request;
    return grpc::Status::OK;
  };
  const auto result = RunCommand(server_, {"task", "cancel", kTaskId, "--reason", "a mistake"});
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_EQ(result.out, std::string("cancelled ") + kTaskId + "\n");
  EXPECT_EQ(asked.task_id(), kTaskId);
  EXPECT_EQ(asked.reason(), "a mistake");
}

TEST_F(TaskCommandsTest, CancelOfAFinishedTaskIsRefused) {
  server_.answers().cancel_task = [](const auto&, auto*) {
    return grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, "the task is complete");
  };
  const auto result = RunCommand(server_, {"task", "cancel", kTaskId});
  EXPECT_EQ(result.code, ExitCode::kRefused);
  EXPECT_EQ(result.err, "tasker: FAILED_PRECONDITION: the task is complete\n");
}

}  // namespace
}  // namespace tasker::cli
