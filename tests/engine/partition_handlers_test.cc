// The engine's dealings with handlers: limits, leases, connections that come and go.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/model/error_classes.h"
#include "tests/engine/engine_world.h"

namespace tasker::engine {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TaskTemplatePtr Wide(int width, const std::string& handler_class = "H") {
  std::vector<StepSketch> steps;
  for (int i = 0; i < width; ++i) {
    steps.push_back({.name = "s" + std::to_string(i), .handler_class = handler_class});
  }
  return MakeTemplate(std::move(steps));
}

TEST(Handlers, AreNeverGivenMoreThanTheyAllow) {
  EngineWorld world;
  world.Connect(1, 2);
  ASSERT_TRUE(world.Create(1, Wide(5)).ok());
  std::vector<Assignment> held = world.TakeAssignments();
  EXPECT_THAT(held, SizeIs(2));
  world.Complete(held[0]);
  EXPECT_THAT(world.TakeAssignments(), SizeIs(1));
  EXPECT_EQ(world.partition().InFlightOf(SessionId{1}), 2u);
}

TEST(Handlers, AreNeverGivenMoreOfAClassThanTheyAllow) {
  EngineWorld world;
  world.Connect(1, 100, {{"H", "", "", 1}, {"Other", "", "", 0}});
  ASSERT_TRUE(world.Create(1, Wide(3)).ok());
  EXPECT_THAT(world.TakeAssignments(), SizeIs(1));
  ASSERT_TRUE(world.Create(2, Wide(3, "Other")).ok());
  EXPECT_THAT(world.TakeAssignments(), SizeIs(3));
}

TEST(Handlers, AreGivenOnlyWhatTheyServe) {
  EngineWorld world;
  world.Connect(1, 100, {{"Other", "", "", 0}});
  world.Connect(2, 100, {{"H", "elsewhere", "", 0}});
  world.Connect(3, 100, {{"H", "", "2.0.0", 0}});
  ASSERT_TRUE(world.Create(1, Wide(1)).ok());
  EXPECT_THAT(world.TakeNames(), IsEmpty());
  world.Connect(4, 100, {{"H", "ns", "1.0.0", 0}});
  EXPECT_EQ(Raw(world.TakeOne().session), 4u);
}

TEST(Handlers, ShareTheWorkByHowMuchOfThemselvesIsFree) {
  EngineWorld world;
  world.Connect(1, 2);
  world.Connect(2, 6);
  ASSERT_TRUE(world.Create(1, Wide(4)).ok());
  int first = 0;
  for (const Assignment& each : world.TakeAssignments()) first += Raw(each.session) == 1 ? 1 : 0;
  EXPECT_EQ(first, 1);
}

TEST(Handlers, GetNothingMoreOnceTheyDrain) {
  EngineWorld world;
  world.Connect(1);
  (void)world.Apply(DrainHandler{SessionId{1}});
  ASSERT_TRUE(world.Create(1, Wide(1)).ok());
  EXPECT_THAT(world.TakeNames(), IsEmpty());
  world.Connect(2);
  EXPECT_EQ(Raw(world.TakeOne().session), 2u);
}

TEST(Leases, EndWithoutASignOfLifeAndTheAttemptCountsAsFailed) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, Wide(1)).ok());
  const Assignment lost = world.TakeOne();
  world.Disconnect(1);
  world.Advance(30s - 1us);
  EXPECT_EQ(world.StateOf(1, "s0"), StepState::kInProgress);
  world.Advance(1us);
  EXPECT_EQ(world.StateOf(1, "s0"), StepState::kWaitingForRetry);
  EXPECT_EQ(world.StepOf(1, "s0").last_failure().error_class(), kHandlerLost);
  world.Connect(2);
  world.Advance(1s);
  const Assignment second = world.TakeOne();
  EXPECT_EQ(Raw(second.token.attempt), 2u);
  // What the lost one says now is too late, also where no other attempt has begun yet.
  world.Complete(lost);
  EXPECT_EQ(world.last().acknowledgements[0].outcome, ResultOutcome::kStale);
}

TEST(Leases, AreRenewedByHeartbeatsThatNameTheAttempt) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, Wide(2)).ok());
  const std::vector<Assignment> held = world.TakeAssignments();
  for (int i = 0; i < 5; ++i) {
    world.Advance(20s);
    (void)world.Apply(RenewLeases{SessionId{1}, {held[0].token}});
  }
  EXPECT_EQ(world.StateOf(1, "s0"), StepState::kInProgress);
  EXPECT_EQ(world.StepOf(1, "s1").last_failure().error_class(), kHandlerLost);
}

TEST(Leases, ThatEndAgainAndAgainEndTheStep) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, Wide(1)).ok());
  world.Advance(1h);
  EXPECT_EQ(world.StateOf(1, "s0"), StepState::kError);
  EXPECT_EQ(world.StepOf(1, "s0").attempts(), 3u);
  EXPECT_EQ(world.StateOf(1), TaskState::kError);
}

TEST(Reconnecting, KeepsTheAttemptsThatTheHandlerStillHolds) {
  EngineWorld world;
  world.Connect(1, 100, {{"H", "", "", 0}}, {}, "me");
  ASSERT_TRUE(world.Create(1, Wide(1)).ok());
  const Assignment held = world.TakeOne();
  world.Disconnect(1);
  world.Advance(20s);
  world.Connect(2, 100, {{"H", "", "", 0}}, {held.token}, "me");
  EXPECT_THAT(world.last().registrations.at(0).stale, IsEmpty());
  EXPECT_THAT(world.TakeNames(), IsEmpty());
  world.Advance(20s);
  world.Complete(held);
  EXPECT_EQ(world.StateOf(1), TaskState::kComplete);
}

TEST(Reconnecting, GetsAnewWhatNeverArrivedWithoutCountingAnAttempt) {
  EngineWorld world;
  world.Connect(1, 100, {{"H", "", "", 0}}, {}, "me");
  ASSERT_TRUE(world.Create(1, Wide(1)).ok());
  const Assignment lost = world.TakeOne();
  world.Connect(2, 100, {{"H", "", "", 0}}, {}, "me");
  const Assignment again = world.TakeOne();
  EXPECT_EQ(again.token.attempt, lost.token.attempt);
  EXPECT_NE(again.token.nonce, lost.token.nonce);
  world.Complete(lost);
  EXPECT_EQ(world.last().acknowledgements[0].outcome, ResultOutcome::kStale);
  world.Complete(again);
  EXPECT_EQ(world.StateOf(1), TaskState::kComplete);
}

TEST(Reconnecting, TellsWhichHeldAttemptsAreNoLongerCurrent) {
  EngineWorld world;
  world.Connect(1, 100, {{"H", "", "", 0}}, {}, "me");
  ASSERT_TRUE(world.Create(1, Wide(1)).ok());
  const Assignment held = world.TakeOne();
  world.Disconnect(1);
  world.Advance(31s);
  world.Connect(2, 100, {{"H", "", "", 0}}, {held.token}, "me");
  EXPECT_THAT(world.last().registrations.at(0).stale, ElementsAre(held.token));
}

TEST(Reconnecting, IsNotUndoneByTheOldConnectionsLateEnd) {
  EngineWorld world;
  world.Connect(1, 100, {{"H", "", "", 0}}, {}, "me");
  world.Connect(2, 100, {{"H", "", "", 0}}, {}, "me");
  world.Disconnect(1);
  ASSERT_TRUE(world.Create(1, Wide(1)).ok());
  EXPECT_EQ(Raw(world.TakeOne().session), 2u);
}

TEST(Reconnecting, CountsWhatIsHeldAgainstTheLimits) {
  EngineWorld world;
  world.Connect(1, 2, {{"H", "", "", 1}}, {}, "me");
  ASSERT_TRUE(world.Create(1, Wide(3)).ok());
  const Assignment held = world.TakeOne();
  world.Connect(2, 2, {{"H", "", "", 1}}, {held.token}, "me");
  EXPECT_THAT(world.TakeNames(), IsEmpty());
  EXPECT_EQ(world.partition().InFlightOf(SessionId{2}), 1u);
}

}  // namespace
}  // namespace tasker::engine
