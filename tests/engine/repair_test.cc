// What operators can do to a task that cannot go on by itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/engine_world.h"

namespace tasker::engine {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Action = RepairStep::Action;

// A task in which `a` failed for good; `b` depends on it.
class Repair : public ::testing::Test {
 protected:
  void SetUp() override {
    world_.Connect(1);
    ASSERT_TRUE(world_.Create(1, MakeTemplate({{"a", {}, 1}, {"b", {"a"}}})).ok());
    world_.Fail(world_.TakeOne());
    ASSERT_EQ(world_.StateOf(1), TaskState::kError);
    ASSERT_TRUE(world_.rows().open.empty());
  }

  EngineWorld world_;
};

TEST_F(Repair, TriesAFailedStepAgain) {
  ASSERT_TRUE(world_.Repair(1, "a", Action::kRetry).ok());
  EXPECT_TRUE(world_.rows().open.contains(MakeTaskId(1)));
  world_.Complete(world_.TakeOne());
  world_.Complete(world_.TakeOne());
  EXPECT_EQ(world_.StateOf(1), TaskState::kComplete);
  EXPECT_TRUE(world_.rows().open.empty());
}

TEST_F(Repair, GivesOneMoreAttemptAndNoMore) {
  ASSERT_TRUE(world_.Repair(1, "a", Action::kRetry).ok());
  const Assignment again = world_.TakeOne();
  EXPECT_EQ(Raw(again.attempt), 1u);
  world_.Fail(again);
  EXPECT_EQ(world_.StateOf(1), TaskState::kError);
}

TEST_F(Repair, ResolvesAStepByHand) {
  ASSERT_TRUE(world_.Repair(1, "a", Action::kResolve, R"({"by": "hand"})").ok());
  EXPECT_EQ(world_.StateOf(1, "a"), StepState::kResolvedManually);
  const Assignment next = world_.TakeOne();
  EXPECT_EQ(View(next.dependencies[0].results), R"({"by": "hand"})");
}

TEST_F(Repair, SkipsAStep) {
  ASSERT_TRUE(world_.Repair(1, "a", Action::kSkip).ok());
  EXPECT_THAT(world_.TakeNames(), ElementsAre("b"));
}

TEST_F(Repair, IsKeptInTheHistoryWithWhoAndWhy) {
  ASSERT_TRUE(world_.Repair(1, "a", Action::kSkip).ok());
  bool found = false;
  for (const auto& change : world_.rows().history.at(MakeTaskId(1))) {
    if (change.step_to() != v1::STEP_STATE_SKIPPED) continue;
    found = true;
    EXPECT_EQ(change.actor(), "me");
    EXPECT_EQ(change.reason(), "because");
  }
  EXPECT_TRUE(found);
}

TEST_F(Repair, RefusesWhatTheStateDoesNotAllowByName) {
  const absl::Status refused = world_.Repair(1, "b", Action::kRetry);
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()),
              HasSubstr("step `b` is pending: operator_retry is possible only from"));
  EXPECT_EQ(world_.Repair(1, "x", Action::kRetry).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(world_.Repair(2, "a", Action::kRetry).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(world_.StateOf(1), TaskState::kError);
  EXPECT_TRUE(world_.last().records.empty());
  EXPECT_EQ(world_.partition().open_tasks(), 0u);
}

TEST_F(Repair, RetriesAllThatFailed) {
  ASSERT_TRUE(world_.Repair(1, RepairTask::Action::kRetryFailed).ok());
  world_.Complete(world_.TakeOne());
  EXPECT_THAT(world_.TakeNames(), ElementsAre("b"));
  EXPECT_EQ(world_.Repair(1, RepairTask::Action::kRetryFailed).code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(Repair, DeclaresATaskDone) {
  ASSERT_TRUE(world_.Repair(1, RepairTask::Action::kResolve).ok());
  EXPECT_EQ(world_.StateOf(1), TaskState::kResolvedManually);
  EXPECT_EQ(world_.Repair(1, "a", Action::kRetry).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(Repair, OfAStepIsRefusedOnceItIsCancelledWithItsTask) {
  ASSERT_TRUE(world_.Create(2, MakeTemplate({{"a"}})).ok());
  ASSERT_TRUE(world_.Apply(CancelTask{MakeTaskId(2), "me", ""}).ok());
  EXPECT_EQ(world_.Repair(2, "a", Action::kRetry).code(), absl::StatusCode::kFailedPrecondition);
}

TEST(Rerun, DoesAStepAndAllBehindItAgain) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(
      world.Create(1, MakeTemplate({{"a"}, {"b", {"a"}}, {"c", {"b"}}, {"d", {"a"}}})).ok());
  for (int i = 0; i < 4; ++i) {
    for (const Assignment& each : world.TakeAssignments()) world.Complete(each, "1");
  }
  ASSERT_EQ(world.StateOf(1), TaskState::kComplete);
  ASSERT_TRUE(world.Repair(1, RepairTask::Action::kRerun, "b").ok());
  EXPECT_EQ(world.StateOf(1, "c"), StepState::kPending);
  EXPECT_EQ(world.StateOf(1, "d"), StepState::kComplete);
  const Assignment again = world.TakeOne();
  EXPECT_EQ(EngineWorld::NameOf(again), "b");
  EXPECT_EQ(Raw(again.attempt), 1u);
  world.Restart();
  world.Connect(1, 100, {{"H", "", "", 0}}, {again.token}, "instance-1");
  world.Complete(again, "2");
  world.Complete(world.TakeOne());
  EXPECT_EQ(world.StateOf(1), TaskState::kComplete);
}

TEST(Rerun, MakesTheItemsOfAFanOutAnew) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world
                  .Create(1,
                          FromYaml("step_templates:\n  - {name: e, handler_class: H, for_each: "
                                   "context.items}\n"),
                          R"({"items": [1, 2]})")
                  .ok());
  for (const Assignment& each : world.TakeAssignments()) world.Complete(each, "1");
  ASSERT_TRUE(world.Repair(1, RepairTask::Action::kRerun, "e").ok());
  EXPECT_THAT(world.TakeNames(), ElementsAre("e[0]", "e[1]"));
}

TEST(CancelStep, BlocksWhatDependsOnItUntilItIsRepaired) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a"}, {"b", {"a"}}, {"c"}})).ok());
  const std::vector<Assignment> both = world.TakeAssignments();
  ASSERT_TRUE(world.Repair(1, "a", Action::kCancel).ok());
  EXPECT_EQ(world.StateOf(1, "a"), StepState::kCancelled);
  world.Complete(both[1]);
  EXPECT_EQ(world.StateOf(1), TaskState::kError);
  ASSERT_TRUE(world.Repair(1, "a", Action::kRetryAfresh).ok());
  world.Complete(world.TakeOne());
  EXPECT_THAT(world.TakeNames(), ElementsAre("b"));
}

TEST(ResetAttempts, GivesThemAllAgainWhileTheStepRunsOn) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a", {}, 2}})).ok());
  world.Fail(world.TakeOne());
  ASSERT_TRUE(world.Repair(1, "a", Action::kResetAttempts).ok());
  world.Advance(1s);
  world.Fail(world.TakeOne());
  EXPECT_EQ(world.StateOf(1, "a"), StepState::kWaitingForRetry);
}

}  // namespace
}  // namespace tasker::engine
