// Attempts that end later, from elsewhere than their handler's stream.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/model/error_classes.h"
#include "tests/engine/engine_world.h"

namespace tasker::engine {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Deferral : public ::testing::Test {
 protected:
  // A chain of two, whose first step has been handed out.
  void Begin(std::uint32_t concurrency = 10) {
    world_.Connect(1, concurrency, {{"H", "", "", 0}}, {}, "me");
    ASSERT_TRUE(world_.Create(1, MakeTemplate({{"a"}, {"b", {"a"}}})).ok());
    attempt_ = world_.TakeOne();
  }
  absl::Status Defer(Duration timeout = Duration::zero()) {
    return world_.Apply(DeferAttempt{attempt_.session, attempt_.token, timeout});
  }
  ResultOutcome Outcome() const { return world_.last().acknowledgements.back().outcome; }
  absl::Status End(std::string results = "{}") {
    return world_.Apply(
        EndDeferred{MakeTaskId(1), attempt_.token, MakePayload(std::move(results)), {}, "webhook"});
  }

  EngineWorld world_;
  Assignment attempt_;
};

TEST_F(Deferral, FreesTheSlotAndKeepsTheStepInProgress) {
  Begin(1);
  ASSERT_TRUE(world_.Create(2, MakeTemplate({{"other"}})).ok());
  EXPECT_THAT(world_.TakeNames(), IsEmpty());
  ASSERT_TRUE(Defer().ok());
  EXPECT_EQ(Outcome(), ResultOutcome::kApplied);
  EXPECT_THAT(world_.TakeNames(), ElementsAre("other"));
  EXPECT_EQ(world_.StateOf(1, "a"), StepState::kInProgress);
}

TEST_F(Deferral, IsEndedByItsTokenAndTheTaskGoesOn) {
  Begin();
  ASSERT_TRUE(Defer().ok());
  ASSERT_TRUE(End(R"({"approved":true})").ok());
  EXPECT_EQ(world_.ResultsOf(1, "a"), R"({"approved":true})");
  EXPECT_THAT(world_.TakeNames(), ElementsAre("b"));
  EXPECT_EQ(End().code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(Deferral, OutlivesItsHandlerAndARestart) {
  Begin();
  ASSERT_TRUE(Defer().ok());
  world_.Disconnect(1);
  world_.Advance(1h);
  EXPECT_EQ(world_.StateOf(1, "a"), StepState::kInProgress);
  world_.Restart();
  world_.Connect(2);
  world_.Advance(1h);
  EXPECT_THAT(world_.TakeNames(), IsEmpty());
  ASSERT_TRUE(End().ok());
  EXPECT_THAT(world_.TakeNames(), ElementsAre("b"));
}

TEST_F(Deferral, SaidTwiceIsToldSo) {
  Begin();
  ASSERT_TRUE(Defer().ok());
  ASSERT_TRUE(Defer().ok());
  EXPECT_EQ(Outcome(), ResultOutcome::kAlreadyApplied);
  world_.Connect(2, 10, {{"H", "", "", 0}}, {attempt_.token}, "me");
  EXPECT_THAT(world_.last().registrations.back().stale, IsEmpty());
}

TEST_F(Deferral, FailsWhenItsTimeIsOverAndIsTriedAgain) {
  Begin();
  ASSERT_TRUE(Defer(10s).ok());
  world_.Advance(9s);
  EXPECT_EQ(world_.StateOf(1, "a"), StepState::kInProgress);
  world_.Restart();
  world_.Connect(2);
  world_.Advance(1s);
  EXPECT_EQ(world_.StateOf(1, "a"), StepState::kWaitingForRetry);
  EXPECT_EQ(world_.StepOf(1, "a").last_failure().error_class(), kDeferredTimeout);
  EXPECT_EQ(End().code(), absl::StatusCode::kAborted);
  world_.Advance(1s);
  EXPECT_EQ(Raw(world_.TakeOne().attempt), 2u);
}

TEST_F(Deferral, CanFail) {
  Begin();
  ASSERT_TRUE(Defer().ok());
  v1::Failure failure = MakeFailure("refused");
  failure.set_retryable(false);
  ASSERT_TRUE(world_.Apply(EndDeferred{MakeTaskId(1), attempt_.token, failure, {}, "ann"}).ok());
  EXPECT_EQ(world_.StateOf(1), TaskState::kError);
}

TEST_F(Deferral, MayBeEndedBeforeItsHandlerHasDeferredIt) {
  Begin();
  ASSERT_TRUE(End().ok());
  ASSERT_TRUE(Defer().ok());
  EXPECT_EQ(Outcome(), ResultOutcome::kAlreadyApplied);
  EXPECT_THAT(world_.TakeNames(), ElementsAre("b"));
}

TEST_F(Deferral, IsCancelledAtOnce) {
  Begin();
  ASSERT_TRUE(Defer().ok());
  ASSERT_TRUE(world_.Apply(CancelTask{MakeTaskId(1), "me", "no more"}).ok());
  EXPECT_EQ(world_.StateOf(1), TaskState::kCancelled);
  EXPECT_EQ(End().code(), absl::StatusCode::kNotFound);
}

TEST_F(Deferral, OfAnAttemptThatIsCancelledEndsIt) {
  Begin();
  ASSERT_TRUE(world_.Apply(CancelTask{MakeTaskId(1), "me", "no more"}).ok());
  ASSERT_TRUE(Defer().ok());
  EXPECT_EQ(world_.StateOf(1), TaskState::kCancelled);
}

TEST_F(Deferral, IsExplained) {
  Begin();
  ASSERT_TRUE(Defer(10s).ok());
  const v1::StepExplanation why = world_.Explain(1, "a");
  EXPECT_EQ(why.hold(), v1::STEP_HOLD_DEFERRED);
  EXPECT_TRUE(why.has_earliest_at());
  EXPECT_THAT(why.message(), HasSubstr("waits for CompleteStep"));
}

TEST(DeferralOfATaskThatSleeps, IsEndedAllTheSame) {
  PartitionSettings settings = EngineWorld::DefaultSettings();
  settings.task_memory_max = 1;
  EngineWorld world(settings);
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a"}, {"b", {"a"}}})).ok());
  const Assignment attempt = world.TakeOne();
  ASSERT_TRUE(world.Apply(DeferAttempt{attempt.session, attempt.token}).ok());
  ASSERT_TRUE(world.partition().IsAsleep(MakeTaskId(1)));
  ASSERT_TRUE(world.Apply(DeferAttempt{attempt.session, attempt.token}).ok());
  EXPECT_EQ(world.last().acknowledgements.back().outcome, ResultOutcome::kAlreadyApplied);
  ASSERT_TRUE(
      world.Apply(EndDeferred{MakeTaskId(1), attempt.token, MakePayload("{}"), {}, "me"}).ok());
  EXPECT_THAT(world.TakeNames(), ElementsAre("b"));
}

}  // namespace
}  // namespace tasker::engine
