// The calls by which tasks are repaired, completed from outside, and told of.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tasker/client/client.h"
#include "tests/cpp_client/fake_engine.h"

namespace tasker::client {
namespace {

using ::testing::ElementsAre;

ClientOptions OptionsFor(const FakeEngine& engine) {
  return {.server = engine.address(), .timeout = std::chrono::seconds(20)};
}

// Keeps the request and answers with an empty response.
template <typename Request, typename Response>
FakeEngine::Answer<Request, Response> Keep(Request& seen) {
  return [&seen](const Request& request, Response&) {
    seen = request;
    return grpc::Status::OK;
  };
}

TEST(ClientRepair, CreateTask_SendsPriorityKeyBypassAndTrace) {
  FakeEngine engine;
  v1::CreateTaskRequest seen;
  engine.on_create_task = Keep<v1::CreateTaskRequest, v1::CreateTaskResponse>(seen);
  Client client(OptionsFor(engine));
  EXPECT_TRUE(client
                  .CreateTask({.name = "order_process",
                               .priority = 9,
                               .idempotency_key = "order-7",
                               .bypass_steps = {"mail"},
                               .traceparent = "00-aa-bb-01",
                               .tracestate = "a=b"})
                  .ok());
  FakeEngine::SeeAnswers();
  EXPECT_EQ(seen.priority(), 9u);
  EXPECT_EQ(seen.idempotency_key(), "order-7");
  EXPECT_THAT(seen.bypass_steps(), ElementsAre("mail"));
  EXPECT_EQ(seen.traceparent(), "00-aa-bb-01");
  EXPECT_EQ(seen.tracestate(), "a=b");
  FakeEngine::SeeAnswers();
  EXPECT_TRUE(client.CreateTask({.name = "order_process"}).ok());
  FakeEngine::SeeAnswers();
  EXPECT_FALSE(seen.has_priority());
}

TEST(ClientRepair, ForEachTask_ReadsPagesUntilTheLastOrUntilToldToStop) {
  FakeEngine engine;
  engine.on_list_tasks = [](const v1::ListTasksRequest& request, v1::ListTasksResponse& response) {
    const std::string page = request.page_token().empty() ? "a" : request.page_token();
    // A page in the middle may be empty.
    if (page != "b") response.add_tasks()->set_task_id(page + "1");
    if (page != "b") response.add_tasks()->set_task_id(page + "2");
    if (page != "c") response.set_next_page_token(page == "a" ? "b" : "c");
    return grpc::Status::OK;
  };
  Client client(OptionsFor(engine));
  std::vector<std::string> ids;
  EXPECT_EQ(client.ForEachTask({},
                               [&](const v1::Task& task) {
                                 ids.push_back(task.task_id());
                                 return true;
                               }),
            absl::OkStatus());
  EXPECT_THAT(ids, ElementsAre("a1", "a2", "c1", "c2"));
  ids.clear();
  EXPECT_EQ(client.ForEachTask({},
                               [&](const v1::Task& task) {
                                 ids.push_back(task.task_id());
                                 return false;
                               }),
            absl::OkStatus());
  EXPECT_THAT(ids, ElementsAre("a1"));
}

TEST(ClientRepair, RetryAndResolve_SayWhoAndWhy) {
  FakeEngine engine;
  v1::RetryTaskRequest retried_task;
  v1::RetryStepRequest retried_step;
  v1::ResolveTaskRequest resolved_task;
  v1::ResolveStepRequest resolved_step;
  engine.on_retry_task = Keep<v1::RetryTaskRequest, v1::RetryTaskResponse>(retried_task);
  engine.on_retry_step = Keep<v1::RetryStepRequest, v1::RetryStepResponse>(retried_step);
  engine.on_resolve_task = Keep<v1::ResolveTaskRequest, v1::ResolveTaskResponse>(resolved_task);
  engine.on_resolve_step = Keep<v1::ResolveStepRequest, v1::ResolveStepResponse>(resolved_step);
  Client client(OptionsFor(engine));
  const RepairedBy by{.actor = "me", .reason = "the disk is mended"};
  EXPECT_EQ(client.RetryTask("t", by), absl::OkStatus());
  EXPECT_EQ(client.RetryStep("t", "pay", true, by), absl::OkStatus());
  EXPECT_EQ(client.ResolveTask("t", by), absl::OkStatus());
  EXPECT_EQ(client.ResolveStep("t", "pay", {{"paid", "by hand"}}, by), absl::OkStatus());
  FakeEngine::SeeAnswers();
  EXPECT_EQ(retried_task.task_id(), "t");
  EXPECT_EQ(retried_task.operator_().actor(), "me");
  EXPECT_EQ(retried_step.step_name(), "pay");
  EXPECT_TRUE(retried_step.reset_attempts());
  EXPECT_EQ(resolved_task.operator_().reason(), "the disk is mended");
  EXPECT_EQ(resolved_step.results(), R"({"paid":"by hand"})");
}

TEST(ClientRepair, SignalAndPublish_SendTheirPayload) {
  FakeEngine engine;
  v1::SignalTaskRequest signal;
  v1::PublishEventRequest event;
  engine.on_signal_task = Keep<v1::SignalTaskRequest, v1::SignalTaskResponse>(signal);
  engine.on_publish_event = Keep<v1::PublishEventRequest, v1::PublishEventResponse>(event);
  Client client(OptionsFor(engine));
  EXPECT_EQ(client.SignalTask("t", "approved", {{"by", "her"}}, "me"), absl::OkStatus());
  FakeEngine::SeeAnswers();
  EXPECT_EQ(signal.name(), "approved");
  EXPECT_EQ(signal.payload(), R"({"by":"her"})");
  EXPECT_EQ(signal.initiator(), "me");
  EXPECT_EQ(client.PublishEvent("order.paid", {{"cents", 1}}, "t"), absl::OkStatus());
  FakeEngine::SeeAnswers();
  EXPECT_EQ(event.name(), "order.paid");
  EXPECT_EQ(event.payload(), R"({"cents":1})");
  EXPECT_EQ(client.PublishEvent("Not A Name").code(), absl::StatusCode::kInvalidArgument);
}

TEST(ClientRepair, CompleteStep_GivesTheTokensBytesAndWhatBecameOfIt) {
  FakeEngine engine;
  v1::CompleteStepRequest seen;
  engine.on_complete_step = [&](const v1::CompleteStepRequest& request,
                                v1::CompleteStepResponse& response) {
    seen = request;
    response.set_outcome(v1::ACKNOWLEDGEMENT_OUTCOME_APPLIED);
    return grpc::Status::OK;
  };
  Client client(OptionsFor(engine));
  EXPECT_EQ(*client.CompleteStep("__4A", {{"ok", true}}, "her"),
            v1::ACKNOWLEDGEMENT_OUTCOME_APPLIED);
  FakeEngine::SeeAnswers();
  EXPECT_EQ(seen.result().token(), std::string("\xff\xfe\x00", 3));
  EXPECT_EQ(seen.result().success().results(), R"({"ok":true})");
  EXPECT_EQ(seen.actor(), "her");

  FakeEngine::SeeAnswers();
  EXPECT_TRUE(client
                  .FailStep("__4A", {.error_class = "Refused",
                                     .message = "no",
                                     .retry_after = std::chrono::milliseconds(1500),
                                     .business = true,
                                     .details = {{"why", "price"}}})
                  .ok());
  FakeEngine::SeeAnswers();
  const v1::Failure& failure = seen.result().failure();
  EXPECT_EQ(failure.error_class(), "Refused");
  EXPECT_TRUE(failure.business());
  EXPECT_FALSE(failure.retryable());
  EXPECT_EQ(failure.retry_after().nanos(), 500'000'000);
  EXPECT_EQ(failure.details(), R"({"why":"price"})");

  EXPECT_EQ(client.CompleteStep("not a token!").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(client.CompleteStep("").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tasker::client
