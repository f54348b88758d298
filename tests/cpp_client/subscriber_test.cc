// Routing of events, and going on where a subscriber was.
#include "tasker/client/subscriber.h"

#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tasker/testkit/fake_event.h"
#include "tests/cpp_client/fake_engine.h"

namespace tasker::client {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testkit::FakeEvent;

SubscriberOptions Quiet(std::vector<std::string>* logged = nullptr) {
  SubscriberOptions options;
  options.log_hook = [logged](const LogRecord& record) {
    if (logged != nullptr) logged->push_back(LogLine(record));
  };
  return options;
}

// Notes which methods were called.
class Noting : public Subscriber {
 public:
  using Subscriber::Subscriber;
  void handle_task_completed(const Event& event) override {
    told.push_back("completed " + event.task_id());
  }
  void handle_task_started(const Event&) override { told.push_back("task started"); }
  void handle_step_started(const Event&) override { told.push_back("step started"); }
  void handle_step_execution_requested(const Event&) override { told.push_back("step requested"); }
  void handle_step_failed(const Event&) override { throw std::runtime_error("broken"); }
  void handle_event(const Event& event) override { told.push_back("other " + event.name()); }

  std::vector<std::string> told;
};

TEST(Subscriber, Dispatch_GoesToTheMethodOfTheName) {
  Noting subscriber(Quiet());
  subscriber.Dispatch(FakeEvent("task.completed", {{"task_id", "t1"}}));
  EXPECT_THAT(subscriber.told, ElementsAre("completed t1"));
}

TEST(Subscriber, Dispatch_KnowsTheNamesOfTheGuideToo) {
  Noting subscriber(Quiet());
  subscriber.Dispatch(FakeEvent("task.start_requested"));
  subscriber.Dispatch(FakeEvent("step.execution_requested"));
  EXPECT_THAT(subscriber.told, ElementsAre("task started", "step requested", "step started"));
}

TEST(Subscriber, Dispatch_GivesWhatHasNoMethodToHandleEvent) {
  Noting subscriber(Quiet());
  subscriber.Dispatch(FakeEvent("task.cancelled"));
  subscriber.Dispatch(FakeEvent("order.paid"));
  EXPECT_THAT(subscriber.told, ElementsAre("other task.cancelled", "other order.paid"));
}

TEST(Subscriber, On_TakesEventsOfOnesOwn) {
  Noting subscriber(Quiet());
  subscriber.On("order.paid", [&](const Event& event) {
    subscriber.told.push_back("paid " + safe_get(event, "cents").dump());
  });
  subscriber.Dispatch(FakeEvent("order.paid", {{"cents", 9007199254740993}}));
  EXPECT_THAT(subscriber.told, ElementsAre("paid 9007199254740993"));
}

TEST(Subscriber, Exception_IsLoggedAndTheNextEventFollows) {
  std::vector<std::string> logged;
  Noting subscriber(Quiet(&logged));
  subscriber.Dispatch(FakeEvent("step.failed"));
  subscriber.Dispatch(FakeEvent("task.completed", {{"task_id", "t1"}}));
  EXPECT_THAT(logged, ElementsAre("ERROR a handler of events failed event=step.failed "
                                  "event_id=fake error=broken"));
  EXPECT_THAT(subscriber.told, ElementsAre("completed t1"));
}

TEST(Subscriber, SafeGet_ReadsPayloadThenIdentityThenFallback) {
  const Event event =
      FakeEvent("step.failed",
                {{"task_id", "t1"}, {"attempt_number", 2}, {"error", "x"}, {"empty", nullptr}});
  EXPECT_EQ(safe_get(event, "error"), "x");
  EXPECT_EQ(safe_get(event, "task_id"), "t1");
  EXPECT_EQ(safe_get(event, "attempt_number"), 2);
  EXPECT_EQ(safe_get(event, "step_name", "none"), "none");
  EXPECT_EQ(safe_get(event, "empty", 7), 7);
  EXPECT_EQ(safe_get(event, "missing"), nullptr);
}

TEST(Subscriber, Payload_ThatIsNoObjectIsEmpty) {
  v1::Event broken;
  broken.set_payload("{");
  EXPECT_EQ(Event(broken).payload(), Json::object());
  broken.set_payload("[1]");
  EXPECT_EQ(Event(broken).payload(), Json::object());
}

TEST(Subscriber, Run_GoesOnBehindItsStoredCursor) {
  FakeEngine engine;
  const auto store = std::make_shared<MemoryCursorStore>();
  SubscriberOptions options = Quiet();
  options.server = engine.address();
  options.subscribe_to = {"task.*"};
  options.namespace_name = "shop";
  options.task_name = "order_process";
  options.from_earliest = true;
  options.cursor_store = store;
  {
    Noting subscriber(options);
    absl::Status status;
    std::thread thread([&] { status = subscriber.Run(); });
    FakeEventStream& stream = engine.AwaitEventStream();
    EXPECT_TRUE(stream.request().from_earliest());
    EXPECT_THAT(stream.request().filter().names(), ElementsAre("task.*"));
    EXPECT_EQ(stream.request().filter().namespace_(), "shop");
    EXPECT_EQ(stream.request().filter().task_name(), "order_process");
    stream.SendEvent("task.completed", "11111111-2222-4333-8444-555555555555", "c1");
    stream.End({grpc::StatusCode::UNAVAILABLE, "cut"});
    FakeEventStream& second = engine.AwaitEventStream();
    EXPECT_EQ(second.request().after_cursor(), "c1");
    subscriber.Stop();
    thread.join();
    EXPECT_EQ(status, absl::OkStatus());
    EXPECT_THAT(subscriber.told, ElementsAre("completed 11111111-2222-4333-8444-555555555555"));
  }
  Noting again(options);
  absl::Status status;
  std::thread thread([&] { status = again.Run(); });
  FakeEventStream& stream = engine.AwaitEventStream();
  EXPECT_EQ(stream.request().after_cursor(), "c1");
  stream.End({grpc::StatusCode::OUT_OF_RANGE, "no longer kept"});
  thread.join();
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(again.Run().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(Subscriber, NamedSubscription_IsAcknowledgedWhenAResponseIsHandled) {
  FakeEngine engine;
  absl::Mutex mutex;
  std::vector<std::string> acknowledged;
  bool refuse = false;
  engine.on_acknowledge = [&](const v1::AcknowledgeRequest& request, v1::AcknowledgeResponse&) {
    absl::MutexLock lock(&mutex);
    acknowledged.push_back(request.subscription() + " " + request.consumer_id() + " " +
                           request.cursor());
    return refuse ? grpc::Status(grpc::StatusCode::ABORTED, "too slow") : grpc::Status::OK;
  };
  const auto await = [&](std::size_t count) {
    absl::MutexLock lock(&mutex);
    const auto enough = [&] { return acknowledged.size() >= count; };
    mutex.Await(absl::Condition(&enough));
    refuse = count == 1;
    return acknowledged.back();
  };
  SubscriberOptions options = Quiet();
  options.server = engine.address();
  options.subscription = "mailer";
  options.consumer_name = "one";
  Noting subscriber(options);
  absl::Status status;
  std::thread thread([&] { status = subscriber.Run(); });
  FakeEventStream& stream = engine.AwaitEventStream();
  EXPECT_EQ(stream.request().subscription(), "mailer");
  EXPECT_EQ(stream.request().consumer_name(), "one");
  EXPECT_FALSE(stream.request().has_filter());
  stream.SendConsumer("c-1");
  stream.SendEvent("task.completed", "t1", "e1");
  EXPECT_EQ(await(1), "mailer c-1 e1");
  // One that is refused is consumed anew.
  stream.SendEvent("task.completed", "t2", "e2");
  EXPECT_EQ(await(2), "mailer c-1 e2");
  FakeEventStream& second = engine.AwaitEventStream();
  second.SendConsumer("c-2");
  second.SendEvent("task.completed", "t2", "e2");
  EXPECT_EQ(await(3), "mailer c-2 e2");
  subscriber.Stop();
  thread.join();
  EXPECT_EQ(status, absl::OkStatus());
  EXPECT_THAT(subscriber.told, ElementsAre("completed t1", "completed t2", "completed t2"));
}

TEST(Subscriber, NamedSubscription_KeepsItsPlaceItself) {
  SubscriberOptions options = Quiet();
  options.subscription = "mailer";
  options.cursor_store = std::make_shared<MemoryCursorStore>();
  EXPECT_EQ(Noting(options).Run().code(), absl::StatusCode::kInvalidArgument);
}

TEST(CursorStore, File_KeepsTheNewestCursor) {
  const std::string path = ::testing::TempDir() + "/cursor_of_subscriber_test";
  std::filesystem::remove(path);
  EXPECT_THAT(FileCursorStore(path).Load(), IsEmpty());
  FileCursorStore(path).Save("c1");
  FileCursorStore(path).Save("c2");
  EXPECT_EQ(FileCursorStore(path).Load(), "c2");
  std::filesystem::remove(path);
  EXPECT_THROW(FileCursorStore("no/such/folder/cursor").Save("c"), std::runtime_error);
}

}  // namespace
}  // namespace tasker::client
