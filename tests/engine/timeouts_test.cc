// What runs out: each is a failed attempt with its own class, and durable.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/model/error_classes.h"
#include "tests/engine/engine_world.h"

namespace tasker::engine {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string StepWith(const std::string& rest) {
  return "step_templates:\n  - {name: a, handler_class: H, default_retry_limit: 2, " + rest + "}\n";
}

std::string ErrorOf(const EngineWorld& world) {
  return world.StepOf(1, "a").last_failure().error_class();
}

TEST(Timeouts, OfAStepThatNobodyTakes) {
  EngineWorld world;
  ASSERT_TRUE(world.Create(1, FromYaml(StepWith("timeouts: {schedule_to_start: 10s}"))).ok());
  world.Advance(9s);
  world.Restart();
  world.Advance(1s);
  EXPECT_EQ(ErrorOf(world), kScheduleToStartTimeout);
  EXPECT_EQ(world.StateOf(1, "a"), StepState::kWaitingForRetry);
  world.Advance(11s);
  EXPECT_EQ(world.StateOf(1), TaskState::kError);
}

TEST(Timeouts, OfAnAttemptThatTakesTooLong) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, FromYaml(StepWith("timeouts: {start_to_close: 10s}"))).ok());
  const Assignment late = world.TakeOne();
  world.Advance(9s);
  world.Restart();
  world.Connect(1, 100, {{"H", "", "", 0}}, {late.token}, "instance-1");
  EXPECT_EQ(world.StateOf(1, "a"), StepState::kInProgress);
  world.Advance(1s);
  EXPECT_EQ(ErrorOf(world), kStartToCloseTimeout);
  ASSERT_EQ(world.last().cancellations.size(), 1u);
  EXPECT_TRUE(world.last().cancellations[0].superseded);
  world.Complete(late);
  EXPECT_EQ(world.last().acknowledgements[0].outcome, ResultOutcome::kStale);
  world.Advance(1s);
  world.Complete(world.TakeOne());
  EXPECT_EQ(world.StateOf(1), TaskState::kComplete);
  world.Advance(1h);
  EXPECT_EQ(world.StateOf(1), TaskState::kComplete);
}

TEST(Timeouts, OfAnAttemptWithoutASignOfLife) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, FromYaml(StepWith("timeouts: {heartbeat: 5s}"))).ok());
  const Assignment held = world.TakeOne();
  world.Advance(4s);
  ASSERT_TRUE(world.Apply(RenewLeases{SessionId{1}, {held.token}}).ok());
  world.Advance(4s);
  EXPECT_EQ(world.StateOf(1, "a"), StepState::kInProgress);
  world.Advance(1s);
  EXPECT_EQ(ErrorOf(world), kHeartbeatTimeout);
}

TEST(Timeouts, OfATaskAsAWhole) {
  EngineWorld world;
  world.Connect(1, 1);
  const auto made = FromYaml(R"(deadline: 1m
step_templates:
  - {name: a, handler_class: H}
  - {name: b, handler_class: H}
  - {name: c, handler_class: H, depends_on_step: b}
)");
  ASSERT_TRUE(world.Create(1, made).ok());
  world.Advance(10s);
  const Assignment held = world.TakeOne();
  (void)world.Apply(RenewLeases{SessionId{1}, {held.token}});
  world.Restart();
  world.Advance(50s);
  EXPECT_EQ(world.StateOf(1), TaskState::kError);
  EXPECT_EQ(ErrorOf(world), kTaskDeadlineExceeded);
  EXPECT_EQ(world.StateOf(1, "c"), StepState::kPending);
}

TEST(Confirmation, ThatDoesNotComeHandsTheStepOutAnewAtOnce) {
  EngineWorld world;
  (void)world.Apply(
      RegisterHandler{SessionId{1}, "deaf", "instance-1", 1, {{"H", "", "", 0}}, {}, {}, true});
  ASSERT_TRUE(world.Create(1, FromYaml(StepWith("skippable: false"))).ok());
  const Assignment lost = world.TakeOne();
  world.Connect(2);
  (void)world.Apply(DrainHandler{SessionId{1}});
  world.Advance(5s);
  const Assignment again = world.TakeOne();
  EXPECT_EQ(again.session, SessionId{2});
  EXPECT_EQ(Raw(again.attempt), 1u);
  world.Complete(lost);
  EXPECT_EQ(world.last().acknowledgements[0].outcome, ResultOutcome::kStale);
}

TEST(Confirmation, KeepsTheStepForTheLease) {
  EngineWorld world;
  (void)world.Apply(
      RegisterHandler{SessionId{1}, "h", "instance-1", 1, {{"H", "", "", 0}}, {}, {}, true});
  ASSERT_TRUE(world.Create(1, FromYaml(StepWith("skippable: false"))).ok());
  const Assignment held = world.TakeOne();
  ASSERT_TRUE(world.Apply(ConfirmAttempts{SessionId{1}, {held.token}}).ok());
  world.Advance(29s);
  EXPECT_EQ(world.StateOf(1, "a"), StepState::kInProgress);
}

TEST(Checkpoints, ReachTheNextAttemptAndAreStoredOnABudget) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, FromYaml(StepWith("skippable: false"))).ok());
  const Assignment first = world.TakeOne();
  const auto checkpoint = [&](const char* data) {
    ASSERT_TRUE(
        world.Apply(RenewLeases{SessionId{1}, {}, {{first.token, MakePayload(data)}}}).ok());
  };
  checkpoint("1");
  EXPECT_EQ(world.StepOf(1, "a").checkpoint(), "1");
  checkpoint("2");
  EXPECT_EQ(world.StepOf(1, "a").checkpoint(), "1");
  world.Fail(first);
  world.Advance(1s);
  EXPECT_EQ(View(world.TakeOne().checkpoint), "2");
}

PartitionSettings WithGrace() {
  PartitionSettings settings = EngineWorld::DefaultSettings();
  settings.cancel_grace = 10s;
  return settings;
}

TEST(CancelGrace, LetsAHandlerEndWhatItDoes) {
  EngineWorld world(WithGrace());
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a"}, {"b", {"a"}}})).ok());
  const Assignment held = world.TakeOne();
  ASSERT_TRUE(world.Apply(CancelTask{MakeTaskId(1), "ann", "too dear"}).ok());
  ASSERT_EQ(world.last().cancellations.size(), 1u);
  EXPECT_EQ(world.last().cancellations[0].reason, "too dear");
  EXPECT_FALSE(world.last().cancellations[0].superseded);
  EXPECT_EQ(world.StateOf(1), TaskState::kInProgress);
  EXPECT_EQ(world.StateOf(1, "b"), StepState::kCancelled);
  world.Complete(held, "1");
  EXPECT_EQ(world.StateOf(1, "a"), StepState::kComplete);
  EXPECT_EQ(world.StateOf(1), TaskState::kCancelled);
  EXPECT_THAT(world.TakeNames(), IsEmpty());
}

TEST(CancelGrace, EndsByItselfAlsoOverARestart) {
  EngineWorld world(WithGrace());
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a"}})).ok());
  const Assignment held = world.TakeOne();
  ASSERT_TRUE(world.Apply(CancelTask{MakeTaskId(1), "ann", "too dear"}).ok());
  world.Restart();
  world.Connect(1, 100, {{"H", "", "", 0}}, {held.token}, "instance-1");
  ASSERT_EQ(world.last().cancellations.size(), 1u);
  world.Advance(10s);
  EXPECT_EQ(world.StateOf(1), TaskState::kCancelled);
  world.Complete(held);
  EXPECT_NE(world.last().acknowledgements[0].outcome, ResultOutcome::kApplied);
}

TEST(CancelGrace, CountsAFailureInItAsCancelled) {
  EngineWorld world(WithGrace());
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a"}})).ok());
  const Assignment held = world.TakeOne();
  ASSERT_TRUE(world.Apply(CancelTask{MakeTaskId(1), "ann", "too dear"}).ok());
  world.Fail(held);
  EXPECT_EQ(world.StateOf(1, "a"), StepState::kCancelled);
  EXPECT_EQ(world.StateOf(1), TaskState::kCancelled);
}

}  // namespace
}  // namespace tasker::engine
