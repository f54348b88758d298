// A sink from the stream of events to the acknowledgement, with a target that the test decides on.
#include "clients/sinks/sink.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <nlohmann/json.hpp>

#include "tests/sinks/held_target.h"
#include "tests/sinks/running_sink.h"
#include "tests/sinks/temporary_folder.h"

namespace tasker::sinks {
namespace {

using nlohmann::json;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr TargetLimits kOneByOne{1, 1, false};

std::string CursorOf(std::uint64_t number) { return "0-" + std::to_string(number) + "-0"; }

std::unique_ptr<Target> Held(Hold& hold, TargetLimits limits = kOneByOne) {
  return std::make_unique<HeldTarget>(hold, limits);
}

Outcome Take(const CloudEvent&) { return Outcome::Delivered(); }

// Fails the attempts of `id` that come first, as many as told.
class FailFirst {
 public:
  FailFirst(std::string id, int times, Outcome outcome)
      : id_(std::move(id)), left_(std::make_shared<std::atomic<int>>(times)), outcome_(outcome) {}
  Outcome operator()(const CloudEvent& event) const {
    return event.id == id_ && left_->fetch_sub(1) > 0 ? outcome_ : Outcome::Delivered();
  }

 private:
  const std::string id_;
  const std::shared_ptr<std::atomic<int>> left_;
  const Outcome outcome_;
};

TEST(Sink, Subscribes_AsItsSettingsSay) {
  FakeEventService service;
  Hold hold(Take);
  RunningSink running(service, SinkOf(R"({name: s1, target: {stdout: {}}, start: earliest,
      in_flight: 20, ack_timeout: 1500ms,
      filter: {names: [a.*], categories: [task], namespace: n, task_name: t, priorities: [9],
               tags: [vip], where: "payload.x > 1"}})"),
                      Held(hold));
  service.AwaitStreams(1);
  const v1::SubscribeRequest request = service.requests()[0];
  EXPECT_EQ(request.subscription(), "s1");
  EXPECT_EQ(request.consumer_name(), "test");
  EXPECT_TRUE(request.from_earliest());
  EXPECT_EQ(request.unacknowledged_max(), 20u);
  EXPECT_EQ(request.ack_timeout().seconds(), 1);
  EXPECT_EQ(request.ack_timeout().nanos(), 500'000'000);
  EXPECT_EQ(request.filter().names(0), "a.*");
  EXPECT_EQ(request.filter().categories(0), "task");
  EXPECT_EQ(request.filter().namespace_(), "n");
  EXPECT_EQ(request.filter().task_name(), "t");
  EXPECT_EQ(request.filter().priorities(0), 9u);
  EXPECT_EQ(request.filter().tags(0), "vip");
  EXPECT_EQ(request.filter().where(), "payload.x > 1");
}

TEST(Sink, Events_AreAcknowledgedOnceDelivered) {
  FakeEventService service;
  Hold hold(Take);
  hold.Keep();
  RunningSink running(service, SinkOf("{name: s, target: {stdout: {}}}"), Held(hold));
  for (std::uint64_t i = 1; i <= 3; ++i) service.Publish(MakeEvent(i, "t"));
  hold.AwaitCalls(1);
  EXPECT_EQ(service.acknowledged(), "");
  hold.Release();
  service.AwaitAcknowledged(CursorOf(3));
  EXPECT_THAT(hold.ids(), ElementsAre("event-1", "event-2", "event-3"));
  EXPECT_TRUE(running.Stop());
  EXPECT_EQ(running.series.delivered.Value(), 3);
  EXPECT_EQ(running.series.in_flight.Value(), 0);
}

TEST(Sink, CursorsWithoutEvents_AreAcknowledgedToo) {
  FakeEventService service;
  Hold hold(Take);
  RunningSink running(service, SinkOf("{name: s, target: {stdout: {}}}"), Held(hold));
  service.Publish(MakeEvent(1, "t"));
  service.PublishCursor("0-77");
  service.AwaitAcknowledged("0-77");
}

TEST(Sink, FailedEvent_HoldsUpItsTaskAlone) {
  FakeEventService service;
  Hold hold([](const CloudEvent& event) {
    return event.id == "event-1" ? Outcome::Failed("not now") : Outcome::Delivered();
  });
  RunningSink running(service,
                      SinkOf("{name: s, target: {stdout: {}}, retries: {first: 1ms, max: 5ms}}"),
                      Held(hold));
  service.Publish(MakeEvent(1, "a"));
  service.Publish(MakeEvent(2, "a"));
  service.Publish(MakeEvent(3, "b"));
  service.Publish(MakeEvent(4, "b"));
  // Of a, one event again and again; of b, both.
  hold.AwaitCalls(10);
  const std::vector<std::string> ids = hold.ids();
  EXPECT_EQ(std::ranges::count(ids, "event-2"), 0);
  EXPECT_EQ(std::ranges::count(ids, "event-3"), 1);
  EXPECT_EQ(std::ranges::count(ids, "event-4"), 1);
  EXPECT_EQ(service.acknowledged(), "");
  EXPECT_EQ(running.sink->health().trouble, "not now");
}

TEST(Sink, Order_IsKeptForEachTaskThroughFailures) {
  FakeEventService service;
  std::atomic<int> calls = 0;
  Hold hold([&calls](const CloudEvent&) {
    return ++calls % 3 == 0 ? Outcome::Failed("every third") : Outcome::Delivered();
  });
  RunningSink running(service,
                      SinkOf("{name: s, target: {stdout: {}}, retries: {first: 1ms, max: 2ms}}"),
                      Held(hold, {4, 5, false}));
  constexpr std::uint64_t kEvents = 300;
  std::map<std::string, std::string> task_of;
  for (std::uint64_t i = 1; i <= kEvents; ++i) {
    const std::string task = "task-" + std::to_string(i % 7);
    task_of["event-" + std::to_string(i)] = task;
    service.Publish(MakeEvent(i, task));
  }
  service.AwaitAcknowledged(CursorOf(kEvents));
  std::map<std::string, int> last;
  std::set<std::string> seen;
  for (const std::string& id : hold.ids()) {
    const int number = std::stoi(id.substr(6));
    EXPECT_GE(number, last[task_of[id]]) << id;
    last[task_of[id]] = number;
    seen.insert(id);
  }
  EXPECT_EQ(seen.size(), kEvents);
}

TEST(Sink, AfterTheLastAttempt_ItIsADeadLetterAndTheTaskGoesOn) {
  FakeEventService service;
  TemporaryFolder folder;
  Hold hold(FailFirst("event-1", 1000, Outcome::Failed("broken \"pipe\"")));
  RunningSink running(service,
                      SinkOf("{name: s, target: {stdout: {}}, retries: {attempts: 3, first: 1ms}, "
                             "dead_letter: {file: '" +
                             folder.File("dead.jsonl") + "'}}"),
                      Held(hold));
  service.Publish(MakeEvent(1, "t"));
  service.Publish(MakeEvent(2, "t"));
  service.AwaitAcknowledged(CursorOf(2));
  EXPECT_THAT(hold.ids(), ElementsAre("event-1", "event-1", "event-1", "event-2"));
  const std::vector<std::string> lines = LinesOf(folder.File("dead.jsonl"));
  ASSERT_EQ(lines.size(), 1u);
  const json letter = json::parse(lines[0]);
  EXPECT_EQ(letter["sink"], "s");
  EXPECT_EQ(letter["target"], "held");
  EXPECT_EQ(letter["attempts"], 3);
  EXPECT_EQ(letter["error"], "broken \"pipe\"");
  EXPECT_EQ(letter["event"]["id"], "event-1");
  EXPECT_EQ(running.series.dead_lettered.Value(), 1);
  EXPECT_EQ(running.series.failed.Value(), 3);
  EXPECT_EQ(running.series.retried.Value(), 2);
}

TEST(Sink, RefusedEvent_IsADeadLetterAtOnce) {
  FakeEventService service;
  TemporaryFolder folder;
  Hold hold(FailFirst("event-1", 1000, Outcome::Refused("gone")));
  RunningSink running(service,
                      SinkOf("{name: s, target: {stdout: {}}, dead_letter: {file: '" +
                             folder.File("dead.jsonl") + "'}}"),
                      Held(hold));
  service.Publish(MakeEvent(1, "t"));
  service.AwaitAcknowledged(CursorOf(1));
  EXPECT_THAT(hold.ids(), ElementsAre("event-1"));
  EXPECT_EQ(LinesOf(folder.File("dead.jsonl")).size(), 1u);
}

TEST(Sink, RefusedBatch_IsTakenApartSoThatTheRestIsDelivered) {
  FakeEventService service;
  TemporaryFolder folder;
  Hold hold(FailFirst("event-2", 1000, Outcome::Refused("this one")));
  hold.Keep();
  RunningSink running(service,
                      SinkOf("{name: s, target: {stdout: {}}, dead_letter: {file: '" +
                             folder.File("dead.jsonl") + "'}}"),
                      std::make_unique<WholeTarget>(hold));
  service.Publish(MakeEvent(9, "first"));
  hold.AwaitCalls(1);
  for (std::uint64_t i = 1; i <= 3; ++i) service.Publish(MakeEvent(i, "t"));
  while (running.sink->health().in_flight < 4) std::this_thread::yield();
  hold.Release();
  service.AwaitAcknowledged(CursorOf(3));
  EXPECT_THAT(hold.calls(),
              ElementsAre(ElementsAre("event-9"), ElementsAre("event-1", "event-2", "event-3"),
                          ElementsAre("event-1"), ElementsAre("event-2"), ElementsAre("event-3")));
  const std::vector<std::string> lines = LinesOf(folder.File("dead.jsonl"));
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(json::parse(lines[0])["event"]["id"], "event-2");
}

TEST(Sink, BatchAtItsLastAttempt_IsTakenApartToo) {
  FakeEventService service;
  TemporaryFolder folder;
  // All fail while the bad one is among them.
  Hold hold([](const CloudEvent& event) {
    return event.id == "event-2" ? Outcome::Failed("it breaks on this") : Outcome::Delivered();
  });
  hold.Keep();
  RunningSink running(service,
                      SinkOf("{name: s, target: {stdout: {}}, retries: {attempts: 2, first: 1ms}, "
                             "dead_letter: {file: '" +
                             folder.File("dead.jsonl") + "'}}"),
                      std::make_unique<WholeTarget>(hold));
  service.Publish(MakeEvent(9, "first"));
  hold.AwaitCalls(1);
  for (std::uint64_t i = 1; i <= 3; ++i) service.Publish(MakeEvent(i, "t"));
  while (running.sink->health().in_flight < 4) std::this_thread::yield();
  hold.Release();
  service.AwaitAcknowledged(CursorOf(3));
  const std::vector<std::string> lines = LinesOf(folder.File("dead.jsonl"));
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(json::parse(lines[0])["event"]["id"], "event-2");
  EXPECT_EQ(json::parse(lines[0])["attempts"], 3);
}

TEST(Sink, WithoutDeadLetters_ARefusedEventIsTriedAgain) {
  FakeEventService service;
  Hold hold(FailFirst("event-1", 20, Outcome::Refused("no")));
  RunningSink running(service,
                      SinkOf("{name: s, target: {stdout: {}}, retries: {first: 1ms, max: 1ms}}"),
                      Held(hold));
  service.Publish(MakeEvent(1, "t"));
  service.AwaitAcknowledged(CursorOf(1));
  EXPECT_EQ(hold.ids().size(), 21u);
}

TEST(Sink, DeadLetterThatCannotBeWritten_IsNotAcknowledged) {
  FakeEventService service;
  TemporaryFolder folder;
  const std::string file = folder.File("missing/dead.jsonl");
  Hold hold(FailFirst("event-1", 1000, Outcome::Refused("no")));
  RunningSink running(service,
                      SinkOf("{name: s, target: {stdout: {}}, retries: {first: 1ms, max: 1ms, "
                             "attempts: 1}, dead_letter: {file: '" +
                             file + "'}}"),
                      Held(hold));
  service.Publish(MakeEvent(1, "t"));
  hold.AwaitCalls(5);
  EXPECT_EQ(service.acknowledged(), "");
  EXPECT_GE(running.series.dead_letter_errors.Value(), 4);
  std::filesystem::create_directory(folder.File("missing"));
  service.AwaitAcknowledged(CursorOf(1));
  EXPECT_EQ(LinesOf(file).size(), 1u);
}

TEST(Sink, RetryAfter_PausesTheWholeTarget) {
  FakeEventService service;
  Hold hold(FailFirst("event-1", 1, Outcome::Failed("busy", std::chrono::hours(1))));
  RunningSink running(service, SinkOf("{name: s, target: {stdout: {}}, retries: {max: 24h}}"),
                      Held(hold));
  service.Publish(MakeEvent(1, "a"));
  hold.AwaitCalls(1);
  service.Publish(MakeEvent(2, "b"));
  while (running.sink->health().in_flight < 2) std::this_thread::yield();
  // Stopping does not wait for it either.
  EXPECT_TRUE(running.Stop());
  EXPECT_THAT(hold.ids(), ElementsAre("event-1"));
}

TEST(Sink, InFlight_IsBounded) {
  FakeEventService service;
  Hold hold(Take);
  hold.Keep();
  RunningSink running(service, SinkOf("{name: s, target: {stdout: {}}, in_flight: 5}"), Held(hold));
  for (std::uint64_t i = 1; i <= 100; ++i) {
    service.Publish(MakeEvent(i, "task-" + std::to_string(i)));
  }
  while (running.sink->health().in_flight < 5) std::this_thread::yield();
  EXPECT_LE(running.series.in_flight.Value(), 5);
  hold.Release();
  service.AwaitAcknowledged(CursorOf(100));
  EXPECT_LE(running.series.in_flight.Value(), 5);
}

TEST(Sink, BrokenStream_IsTakenUpAgainWithoutDeliveringTwice) {
  FakeEventService service;
  Hold hold(FailFirst("event-1", 1, Outcome::Failed("once")));
  // Nothing is acknowledgeable before event 1 is.
  RunningSink running(service, SinkOf("{name: s, target: {stdout: {}}, retries: {first: 1ms}}"),
                      Held(hold));
  service.AnswerAcknowledge({grpc::StatusCode::UNAVAILABLE, "not yet"});
  for (std::uint64_t i = 1; i <= 3; ++i) service.Publish(MakeEvent(i, std::to_string(i)));
  hold.AwaitCalls(4);
  while (running.series.delivered.Value() < 3) std::this_thread::yield();
  service.EndStreams({grpc::StatusCode::UNAVAILABLE, "restart"});
  service.AwaitNoStream();
  service.AnswerAcknowledge(grpc::Status::OK);
  service.Reopen();
  service.AwaitAcknowledged(CursorOf(3));
  EXPECT_EQ(hold.ids().size(), 4u) << "each once, and event 1 twice";
}

TEST(Sink, Attempts_CountOnOverBrokenStreams) {
  FakeEventService service;
  TemporaryFolder folder;
  Hold hold(FailFirst("event-1", 1000, Outcome::Failed("never")));
  RunningSink running(service,
                      SinkOf("{name: s, target: {stdout: {}}, retries: {attempts: 2, first: 24h, "
                             "max: 24h}, dead_letter: {file: '" +
                             folder.File("d") + "'}}"),
                      Held(hold));
  service.Publish(MakeEvent(1, "t"));
  hold.AwaitCalls(1);
  while (running.series.retried.Value() < 1) std::this_thread::yield();
  service.EndStreams({grpc::StatusCode::UNAVAILABLE, "restart"});
  service.Reopen();
  service.AwaitStreams(2);
  // Known as one that failed, it waits for its second attempt; a new one would be tried at once.
  while (running.sink->health().in_flight < 1) std::this_thread::yield();
  EXPECT_TRUE(running.Stop());
  EXPECT_EQ(hold.ids().size(), 1u);
}

TEST(Sink, AfterAReset_WhatWasDeliveredIsDeliveredAgain) {
  FakeEventService service;
  Hold hold(Take);
  RunningSink running(service, SinkOf("{name: s, target: {stdout: {}}}"), Held(hold));
  service.AnswerAcknowledge({grpc::StatusCode::ABORTED, "reset"});
  service.EndStreams({grpc::StatusCode::ABORTED, "reset"});
  service.AwaitNoStream();
  service.Reopen();
  service.Publish(MakeEvent(1, "t"));
  hold.AwaitCalls(1);
  service.EndStreams({grpc::StatusCode::ABORTED, "reset"});
  service.AwaitNoStream();
  service.AnswerAcknowledge(grpc::Status::OK);
  service.Reopen();
  service.AwaitAcknowledged(CursorOf(1));
  EXPECT_THAT(hold.ids(), Each("event-1"));
  EXPECT_GE(hold.ids().size(), 2u);
}

TEST(Sink, ServiceThatIsNotThere_IsTriedAgainAndAgain) {
  FakeEventService service;
  service.EndStreams({grpc::StatusCode::FAILED_PRECONDITION, "it has another filter"});
  Hold hold(Take);
  RunningSink running(service, SinkOf("{name: s, target: {stdout: {}}}"), Held(hold));
  while (running.sink->health().trouble.empty()) std::this_thread::yield();
  EXPECT_FALSE(running.sink->health().connected);
  EXPECT_THAT(running.sink->health().trouble, HasSubstr("another filter"));
  service.Reopen();
  service.Publish(MakeEvent(1, "t"));
  service.AwaitAcknowledged(CursorOf(1));
  EXPECT_TRUE(running.sink->health().connected);
  EXPECT_EQ(running.sink->health().trouble, "");
}

TEST(Sink, Stop_FinishesWhatIsOnItsWay) {
  FakeEventService service;
  Hold hold(Take);
  hold.Keep();
  RunningSink running(service, SinkOf("{name: s, target: {stdout: {}}}"), Held(hold));
  for (std::uint64_t i = 1; i <= 5; ++i) service.Publish(MakeEvent(i, "t"));
  hold.AwaitCalls(1);
  while (running.sink->health().in_flight < 5) std::this_thread::yield();
  running.sink->BeginStop();
  hold.Release();
  EXPECT_TRUE(running.sink->AwaitStopped(Patiently()));
  EXPECT_EQ(service.acknowledged(), CursorOf(5));
  service.AwaitNoStream();
}

TEST(Sink, Stop_GivesUpWhatDoesNotEndInTime) {
  FakeEventService service;
  Hold hold(Take);
  hold.Keep();
  RunningSink running(service, SinkOf("{name: s, target: {stdout: {}}}"), Held(hold));
  service.Publish(MakeEvent(1, "t"));
  hold.AwaitCalls(1);
  running.sink->BeginStop();
  EXPECT_FALSE(running.sink->AwaitStopped(std::chrono::steady_clock::now()));
  EXPECT_EQ(service.acknowledged(), "") << "it comes again";
}

TEST(Sink, BrokenSink_HoldsUpNoOther) {
  FakeEventService broken_service;
  FakeEventService service;
  Hold broken(Take);
  broken.Keep();
  Hold hold(Take);
  RunningSink stuck(broken_service, SinkOf("{name: a, target: {stdout: {}}}"), Held(broken));
  RunningSink running(service, SinkOf("{name: b, target: {stdout: {}}}"), Held(hold));
  broken_service.Publish(MakeEvent(1, "t"));
  broken.AwaitCalls(1);
  for (std::uint64_t i = 1; i <= 100; ++i) service.Publish(MakeEvent(i, "t"));
  service.AwaitAcknowledged(CursorOf(100));
  EXPECT_EQ(broken_service.acknowledged(), "");
}

TEST(Sink, Lag_IsTheServicesOwn) {
  FakeEventService service;
  Hold hold(Take);
  RunningSink running(service, SinkOf("{name: s, target: {stdout: {}}}"), Held(hold));
  // Asked for behind whatever is acknowledged first.
  service.Publish(MakeEvent(1, "t"));
  while (running.series.lag_events.Value() != 7) std::this_thread::yield();
  EXPECT_EQ(running.series.lag_seconds.Value(), 3);
}

}  // namespace
}  // namespace tasker::sinks
