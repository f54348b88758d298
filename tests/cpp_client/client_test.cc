// Calls, waiting for tasks, and subscriptions.
#include "tasker/client/client.h"

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/cpp_client/fake_engine.h"

namespace tasker::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kTaskId[] = "11111111-2222-4333-8444-555555555555";

ClientOptions OptionsFor(const FakeEngine& engine) {
  ClientOptions options;
  options.server = engine.address();
  options.timeout = std::chrono::seconds(20);
  return options;
}

// Collects the cursors of events. Thread-safe.
class Collector {
 public:
  EventCallback callback() {
    return [this](const v1::Event& event) {
      absl::MutexLock lock(&mutex_);
      cursors_.push_back(event.cursor());
    };
  }
  std::vector<std::string> AwaitCount(std::size_t count) {
    absl::MutexLock lock(&mutex_);
    AwaitOrThrow(
        mutex_, [this, count] { return cursors_.size() >= count; }, "events");
    return cursors_;
  }

 private:
  absl::Mutex mutex_;
  std::vector<std::string> cursors_ ABSL_GUARDED_BY(mutex_);
};

// Starts a call that blocks, gives the engine's end of its subscription.
FakeEventStream& StandingStream(FakeEngine& engine) {
  FakeEventStream& stream = engine.AwaitEventStream();
  stream.SendCursor("c0");
  return stream;
}

TEST(Client, CreateTask_SendsEveryField) {
  FakeEngine engine;
  v1::CreateTaskRequest seen;
  engine.on_create_task = [&](const v1::CreateTaskRequest& request,
                              v1::CreateTaskResponse& response) {
    seen = request;
    response.set_task_id(kTaskId);
    return grpc::Status::OK;
  };
  Client client(OptionsFor(engine));
  const auto created = client.CreateTask({.name = "order_process",
                                          .context = {{"order_id", 7}},
                                          .namespace_name = "shop",
                                          .version = "1.2.3",
                                          .initiator = "me",
                                          .source_system = "web",
                                          .reason = "test",
                                          .tags = {"a", "b"}});
  ASSERT_TRUE(created.ok()) << created.status();
  FakeEngine::SeeAnswers();
  EXPECT_EQ(created->task_id(), kTaskId);
  EXPECT_EQ(seen.name(), "order_process");
  EXPECT_EQ(seen.context(), R"({"order_id":7})");
  EXPECT_EQ(seen.namespace_(), "shop");
  EXPECT_EQ(seen.version(), "1.2.3");
  EXPECT_EQ(seen.initiator(), "me");
  EXPECT_EQ(seen.source_system(), "web");
  EXPECT_EQ(seen.reason(), "test");
  EXPECT_THAT(seen.tags(), ElementsAre("a", "b"));
}

TEST(Client, CreateTask_RefusesAContextThatIsNotUtf8) {
  FakeEngine engine;
  Client client(OptionsFor(engine));
  const auto created = client.CreateTask({.name = "x", .context = {{"k", "caf\xe9"}}});
  EXPECT_EQ(created.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(Client, Errors_KeepCodeAndMessage) {
  FakeEngine engine;
  engine.on_apply_template = [](const v1::ApplyTemplateRequest& request,
                                v1::ApplyTemplateResponse&) {
    return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, request.source_name() + ":1:1: wrong");
  };
  Client client(OptionsFor(engine));
  const absl::Status status = client.ApplyTemplate("name: x", "x.yaml").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(std::string(status.message()), "x.yaml:1:1: wrong");
}

TEST(Client, Service_ThatIsNotThereIsUnavailable) {
  FakeEngine engine;
  Client client(OptionsFor(engine));
  engine.Die();
  EXPECT_EQ(client.GetTask(kTaskId).status().code(), absl::StatusCode::kUnavailable);
}

TEST(Client, ListAndCancel_PassTheirRequests) {
  FakeEngine engine;
  engine.on_list_tasks = [](const v1::ListTasksRequest& request, v1::ListTasksResponse& response) {
    response.set_next_page_token("after " + request.page_token());
    return grpc::Status::OK;
  };
  std::string cancelled;
  engine.on_cancel_task = [&](const v1::CancelTaskRequest& request, v1::CancelTaskResponse&) {
    cancelled = request.task_id() + ": " + request.reason();
    return grpc::Status::OK;
  };
  Client client(OptionsFor(engine));
  v1::ListTasksRequest list;
  list.set_page_token("p1");
  EXPECT_EQ(client.ListTasks(list)->next_page_token(), "after p1");
  EXPECT_EQ(client.CancelTask("t", "no more"), absl::OkStatus());
  FakeEngine::SeeAnswers();
  EXPECT_EQ(cancelled, "t: no more");
}

TEST(Client, WaitForTask_AsksOnlyWhenAnEventTells) {
  FakeEngine engine;
  std::atomic<int> questions = 0;
  absl::Notification asked;
  engine.on_get_task = [&](const v1::GetTaskRequest&, v1::GetTaskResponse& response) {
    const bool first = ++questions == 1;
    response.mutable_task()->set_state(first ? v1::TASK_STATE_IN_PROGRESS
                                             : v1::TASK_STATE_COMPLETE);
    if (first) asked.Notify();
    return grpc::Status::OK;
  };
  std::thread service([&] {
    FakeEventStream& stream = StandingStream(engine);
    asked.WaitForNotification();
    stream.SendEvent("task.completed", kTaskId, "c1");
  });
  Client client(OptionsFor(engine));
  const auto task = client.WaitForTask(kTaskId, std::chrono::seconds(30));
  service.join();
  ASSERT_TRUE(task.ok()) << task.status();
  EXPECT_EQ(task->state(), v1::TASK_STATE_COMPLETE);
  EXPECT_EQ(questions, 2);
}

TEST(Client, WaitForTask_SaysWhereTheTaskStandsWhenTimeIsUp) {
  FakeEngine engine;
  engine.on_get_task = [&](const v1::GetTaskRequest&, v1::GetTaskResponse& response) {
    response.mutable_task()->set_state(v1::TASK_STATE_IN_PROGRESS);
    return grpc::Status::OK;
  };
  std::thread service([&] { StandingStream(engine); });
  Client client(OptionsFor(engine));
  const auto task = client.WaitForTask(kTaskId, std::chrono::milliseconds(500));
  service.join();
  EXPECT_EQ(task.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(task.status().message()), HasSubstr("TASK_STATE_IN_PROGRESS"));
}

TEST(Client, WaitForTask_PassesOnThatThereIsNoSuchTask) {
  FakeEngine engine;
  engine.on_get_task = [](const v1::GetTaskRequest&, v1::GetTaskResponse&) {
    return grpc::Status(grpc::StatusCode::NOT_FOUND, "no such task");
  };
  std::thread service([&] { StandingStream(engine); });
  Client client(OptionsFor(engine));
  const auto task = client.WaitForTask(kTaskId, std::chrono::seconds(30));
  service.join();
  EXPECT_EQ(task.status().code(), absl::StatusCode::kNotFound);
}

TEST(Subscription, BrokenStream_GoesOnBehindTheLastEvent) {
  FakeEngine engine;
  FakeEventStream* first = nullptr;
  std::thread service([&] { first = &StandingStream(engine); });
  Client client(OptionsFor(engine));
  Collector collector;
  SubscriptionOptions options;
  options.filter.add_names("task.*");
  options.from_earliest = true;
  auto subscription = client.Subscribe(options, collector.callback());
  service.join();
  ASSERT_TRUE(subscription.ok()) << subscription.status();
  EXPECT_TRUE(first->request().from_earliest());
  EXPECT_THAT(first->request().filter().names(), ElementsAre("task.*"));
  first->SendEvent("task.completed", kTaskId, "c1");
  first->SendEvent("task.completed", kTaskId, "c2");
  first->End({grpc::StatusCode::UNAVAILABLE, "cut"});

  FakeEventStream& second = engine.AwaitEventStream();
  EXPECT_EQ(second.request().after_cursor(), "c2");
  second.SendEvent("task.completed", kTaskId, "c3");
  EXPECT_THAT(collector.AwaitCount(3), ElementsAre("c1", "c2", "c3"));
}

TEST(Subscription, Cursor_StandsBehindTheLastEventHandled) {
  FakeEngine engine;
  FakeEventStream* stream = nullptr;
  std::thread service([&] { stream = &StandingStream(engine); });
  Client client(OptionsFor(engine));
  SubscriptionOptions options;
  options.after_cursor = "earlier";
  auto subscription = client.Subscribe(options, [](const v1::Event&) {});
  service.join();
  ASSERT_TRUE(subscription.ok()) << subscription.status();
  EXPECT_EQ(stream->request().after_cursor(), "earlier");
  stream->SendEvent("task.completed", kTaskId, "c7");
  stream->End({grpc::StatusCode::OUT_OF_RANGE, "the earliest cursor is c9"});
  EXPECT_EQ((*subscription)->Wait().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ((*subscription)->cursor(), "c7");
}

TEST(Subscription, Subscribe_ReportsAFilterThatIsRefused) {
  FakeEngine engine;
  std::thread service([&] {
    engine.AwaitEventStream().End({grpc::StatusCode::INVALID_ARGUMENT, "malformed pattern"});
  });
  Client client(OptionsFor(engine));
  const auto subscription = client.Subscribe({}, [](const v1::Event&) {});
  service.join();
  EXPECT_EQ(subscription.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(Subscription, Cancel_EndsItWithOk) {
  FakeEngine engine;
  std::thread service([&] { StandingStream(engine); });
  Client client(OptionsFor(engine));
  auto subscription = client.Subscribe({}, [](const v1::Event&) {});
  service.join();
  ASSERT_TRUE(subscription.ok()) << subscription.status();
  (*subscription)->Cancel();
  EXPECT_EQ((*subscription)->Wait(), absl::OkStatus());
}

}  // namespace
}  // namespace tasker::client
