// What comes with results beside them: events, progress, business errors, a trace.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/engine_world.h"

namespace tasker::engine {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<PublishedEvent> OrderPaid() { return {{"order.paid", MakePayload(R"({"amount":7})")}}; }

TEST(Results, PublishTheirEventsOnceAndWithTheStepsIdentity) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a"}})).ok());
  const Assignment attempt = world.TakeOne();
  CompleteAttempt result{attempt.session, attempt.token, MakePayload("{}"), OrderPaid()};
  ASSERT_TRUE(world.Apply(result).ok());
  EXPECT_THAT(world.EventNames(), Contains("order.paid:a").Times(1));
  ASSERT_TRUE(world.Apply(result).ok());
  EXPECT_THAT(world.EventNames(), Contains("order.paid:a").Times(1));
  for (const storage::v1::EventRecord& event : world.events()) {
    if (event.name() != "order.paid") continue;
    EXPECT_EQ(event.payload(), R"({"amount":7})");
  }
}

TEST(Results, ThatAreStalePublishNothing) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a"}})).ok());
  const Assignment attempt = world.TakeOne();
  ASSERT_TRUE(world.Apply(FailAttempt{attempt.session, attempt.token, MakeFailure(), {}}).ok());
  AttemptToken other = attempt.token;
  other.nonce ^= 1;
  ASSERT_TRUE(
      world.Apply(CompleteAttempt{attempt.session, other, MakePayload("{}"), OrderPaid()}).ok());
  EXPECT_THAT(world.EventNames(), Not(Contains("order.paid:a")));
}

TEST(Results, OfAFailurePublishToo) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a"}})).ok());
  const Assignment attempt = world.TakeOne();
  ASSERT_TRUE(
      world.Apply(FailAttempt{attempt.session, attempt.token, MakeFailure(), OrderPaid()}).ok());
  EXPECT_THAT(world.EventNames(), Contains("order.paid:a"));
}

TEST(TaskEvents, ArePublishedForOpenTasksAlone) {
  EngineWorld world;
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a"}})).ok());
  ASSERT_TRUE(world.Apply(PublishTaskEvent{MakeTaskId(1), OrderPaid()[0]}).ok());
  EXPECT_THAT(world.EventNames(), Contains("order.paid"));
  EXPECT_EQ(world.Apply(PublishTaskEvent{MakeTaskId(2), OrderPaid()[0]}).code(),
            absl::StatusCode::kNotFound);
}

TEST(BusinessErrors, AreNeverTriedAgain) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a"}})).ok());
  v1::Failure failure = MakeFailure("the card was declined");
  failure.set_business(true);
  failure.set_retryable(true);
  failure.set_details(R"({"code":"51"})");
  world.Fail(world.TakeOne(), failure);
  EXPECT_EQ(world.StateOf(1), TaskState::kError);
  EXPECT_EQ(world.StepOf(1, "a").last_failure().details(), R"({"code":"51"})");
  for (const storage::v1::EventRecord& event : world.events()) {
    if (event.name() != "step.failed") continue;
    EXPECT_TRUE(event.business());
  }
}

TEST(Progress, IsExplainedUntilTheNextAttempt) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a"}})).ok());
  const Assignment attempt = world.TakeOne();
  RenewLeases beat{attempt.session, {}};
  beat.progress.emplace_back(attempt.token, Progress{0.5, "page 3 of 6"});
  ASSERT_TRUE(world.Apply(beat).ok());
  const v1::StepExplanation why = world.Explain(1, "a");
  EXPECT_EQ(why.progress(), 0.5);
  EXPECT_THAT(why.message(), HasSubstr("50 % done; page 3 of 6"));
  world.Fail(attempt);
  world.Advance(std::chrono::seconds(1));
  (void)world.TakeOne();
  EXPECT_FALSE(world.Explain(1, "a").has_progress());
}

TEST(Trace, GoesWithEveryAssignmentAndIsStored) {
  EngineWorld world;
  CreateTask command{.task = MakeTaskId(1),
                     .task_template = MakeTemplate({{"a"}, {"b", {"a"}}}),
                     .context = MakePayload("{}"),
                     .origin = {"me", "", "", {}, "00-1-2-01", "x=y"}};
  world.Connect(1);
  ASSERT_TRUE(world.Apply(command).ok());
  EXPECT_EQ(world.TakeOne().traceparent, "00-1-2-01");
  const storage::v1::TaskRecord& stored = world.rows().tasks.at(MakeTaskId(1));
  EXPECT_EQ(stored.traceparent(), "00-1-2-01");
  EXPECT_EQ(stored.tracestate(), "x=y");
}

TEST(Drain, IsAnsweredOnlyIfTheHandlerAsked) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Apply(DrainHandler{SessionId{1}}).ok());
  EXPECT_TRUE(world.last().drained.empty());
  ASSERT_TRUE(world.Apply(DrainHandler{SessionId{1}, true}).ok());
  EXPECT_THAT(world.last().drained, ElementsAre(SessionId{1}));
}

}  // namespace
}  // namespace tasker::engine
