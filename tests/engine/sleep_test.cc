// Open tasks beyond what memory is meant for sleep in the store, and nobody can tell.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/engine_world.h"

namespace tasker::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;
using namespace std::chrono_literals;

PartitionSettings InMemory(std::size_t bytes) {
  PartitionSettings settings = EngineWorld::DefaultSettings();
  settings.task_memory_max = bytes;
  return settings;
}

// Tasks of one step, a world that keeps none in memory that can sleep.
class SleepTest : public ::testing::Test {
 protected:
  void Create(std::uint32_t first, std::uint32_t last) {
    for (std::uint32_t task = first; task <= last; ++task) {
      ASSERT_TRUE(world_.Create(task, one_).ok());
    }
  }
  std::size_t sleeping() { return world_.partition().sleeping_tasks(); }

  EngineWorld world_{InMemory(1)};
  TaskTemplatePtr one_ = MakeTemplate({{"a"}});
};

TEST_F(SleepTest, KeepsNoMoreInMemoryThanItMay) {
  EngineWorld all(InMemory(0));
  ASSERT_TRUE(all.Create(1, one_).ok());
  const std::size_t footprint = all.partition().task_memory();
  EngineWorld world(InMemory(footprint * 5 / 2));
  for (std::uint32_t task = 1; task <= 5; ++task) ASSERT_TRUE(world.Create(task, one_).ok());
  EXPECT_EQ(world.partition().sleeping_tasks(), 3u);
  EXPECT_EQ(world.partition().open_tasks(), 5u);
  EXPECT_EQ(world.partition().task_memory(), footprint * 2);
  EXPECT_NE(world.partition().Look(MakeTaskId(1)), nullptr);
  EXPECT_TRUE(world.partition().IsAsleep(MakeTaskId(5)));
}

TEST_F(SleepTest, CountsPayloadsAndForgetsWhatHasEnded) {
  EngineWorld world(InMemory(0));
  ASSERT_TRUE(world
                  .Create(1, MakeTemplate({{"a"}, {"b", {"a"}}}),
                          R"({"padding": ")" + std::string(10'000, 'x') + R"("})")
                  .ok());
  const std::size_t created = world.partition().task_memory();
  EXPECT_GT(created, 10'000u);
  EXPECT_LT(created, 12'000u);
  world.Connect(1);
  world.Complete(world.TakeOne(), R"({"padding": ")" + std::string(20'000, 'x') + R"("})");
  EXPECT_GT(world.partition().task_memory(), created + 20'000);
  EXPECT_LT(world.partition().task_memory(), created + 21'000);
  world.Restart();
  EXPECT_GT(world.partition().task_memory(), created + 20'000);
  world.Connect(1, 1, {{"H", "", "", 0}}, {}, "another");
  ASSERT_TRUE(world.Apply(CancelTask{MakeTaskId(1), "me", "enough"}).ok());
  EXPECT_EQ(world.partition().task_memory(), 0u);
}

TEST_F(SleepTest, KeepsAllWithoutALimit) {
  EngineWorld world(InMemory(0));
  for (std::uint32_t task = 1; task <= 5; ++task) ASSERT_TRUE(world.Create(task, one_).ok());
  EXPECT_EQ(world.partition().sleeping_tasks(), 0u);
}

// All became ready at the same moment: a task that was read must not lose its place to the others.
TEST_F(SleepTest, HandsOutWhatSleepsInItsOrder) {
  Create(1, 5);
  world_.Connect(1, 1);
  for (std::uint32_t task = 1; task <= 5; ++task) {
    const Assignment assignment = world_.TakeOne();
    EXPECT_EQ(assignment.token.task, MakeTaskId(task));
    world_.Complete(assignment);
    EXPECT_EQ(world_.StateOf(task), TaskState::kComplete);
  }
  EXPECT_EQ(world_.partition().open_tasks(), 0u);
}

TEST_F(SleepTest, WakesAsManyAsAHandlerCanTake) {
  Create(1, 6);
  world_.Connect(1, 4);
  EXPECT_THAT(world_.TakeAssignments(), SizeIs(4));
  EXPECT_EQ(sleeping(), 2u);
}

TEST_F(SleepTest, WhatAHandlerHasDoesNotSleep) {
  Create(1, 3);
  world_.Connect(1, 3);
  const auto held = world_.TakeAssignments();
  ASSERT_THAT(held, SizeIs(3));
  EXPECT_EQ(sleeping(), 0u);
  world_.Advance(20s);
  for (const Assignment& each : held) world_.Complete(each);
  EXPECT_EQ(world_.StateOf(3), TaskState::kComplete);
}

TEST_F(SleepTest, UrgentWorkThatSleepsGoesFirst) {
  Create(1, 2);
  ASSERT_TRUE(world_
                  .Apply(CreateTask{.task = MakeTaskId(3),
                                    .task_template = one_,
                                    .context = MakePayload("{}"),
                                    .origin = {},
                                    .priority = Priority::kCritical})
                  .ok());
  world_.Connect(1, 1);
  EXPECT_EQ(world_.TakeOne().token.task, MakeTaskId(3));
}

TEST_F(SleepTest, ARetryThatIsDueWakesItsTask) {
  world_.Connect(1, 10);
  Create(1, 3);
  for (const Assignment& each : world_.TakeAssignments()) world_.Fail(each);
  EXPECT_EQ(sleeping(), 3u);
  world_.Advance(2s);
  EXPECT_THAT(world_.TakeAssignments(), SizeIs(3));
}

TEST_F(SleepTest, AWaitThatEndsWakesItsTask) {
  const auto waits = FromYaml("step_templates:\n  - {name: w, wait: 1h}\n");
  for (std::uint32_t task = 1; task <= 3; ++task) ASSERT_TRUE(world_.Create(task, waits).ok());
  EXPECT_EQ(sleeping(), 3u);
  world_.Advance(1h);
  for (std::uint32_t task = 1; task <= 3; ++task) {
    EXPECT_EQ(world_.StateOf(task), TaskState::kComplete);
  }
}

// Each reading of a task would else leave its timers once more.
TEST_F(SleepTest, TimersAreNotDoubledByWaking) {
  const auto waits = FromYaml("step_templates:\n  - {name: w, wait: 1h}\n");
  Create(1, 1);
  ASSERT_TRUE(world_.Create(2, waits).ok());
  for (int i = 0; i < 10; ++i) {
    const std::string signal = "s" + std::to_string(i);
    ASSERT_TRUE(world_.Apply(SignalTask{MakeTaskId(2), signal, MakePayload("{}"), "me"}).ok());
    EXPECT_TRUE(world_.partition().IsAsleep(MakeTaskId(2)));
  }
  EXPECT_EQ(world_.partition().timers(), 1u);
  world_.Advance(1h);
  EXPECT_EQ(world_.StateOf(2), TaskState::kComplete);
}

TEST_F(SleepTest, CommandsFindATaskThatSleeps) {
  Create(1, 4);
  ASSERT_TRUE(world_.Apply(CancelTask{MakeTaskId(3), "me", "enough"}).ok());
  EXPECT_EQ(world_.StateOf(3), TaskState::kCancelled);
  ASSERT_TRUE(world_.Apply(PauseTask{MakeTaskId(2), "me", "wait"}).ok());
  EXPECT_TRUE(world_.partition().IsAsleep(MakeTaskId(2)));
  world_.Connect(1, 10);
  EXPECT_THAT(world_.TakeAssignments(), SizeIs(2));
  ASSERT_TRUE(world_.Apply(ResumeTask{MakeTaskId(2), "me", "go"}).ok());
  EXPECT_EQ(world_.TakeOne().token.task, MakeTaskId(2));
}

TEST_F(SleepTest, ATemplateThatIsPausedWakesNobody) {
  Create(1, 3);
  ASSERT_TRUE(world_.Apply(PauseScope{{"ns", one_->id.name, ""}, "me", "wait"}).ok());
  world_.Connect(1, 10);
  EXPECT_THAT(world_.TakeAssignments(), SizeIs(0));
  EXPECT_EQ(sleeping(), 3u);
  ASSERT_TRUE(world_.Apply(ResumeScope{{"ns", one_->id.name, ""}}).ok());
  EXPECT_THAT(world_.TakeAssignments(), SizeIs(3));
}

TEST_F(SleepTest, ARestartTakesUpWhatSlept) {
  Create(1, 5);
  world_.Restart();
  EXPECT_EQ(sleeping(), 5u);
  world_.Connect(1, 5);
  EXPECT_THAT(world_.TakeAssignments(), SizeIs(5));
}

// As when its record is damaged.
TEST_F(SleepTest, ATaskThatIsDroppedHoldsNobodyUp) {
  Create(1, 3);
  world_.partition().Drop(MakeTaskId(2));
  EXPECT_EQ(world_.partition().open_tasks(), 2u);
  world_.Connect(1, 1);
  world_.Complete(world_.TakeOne());
  EXPECT_EQ(world_.TakeOne().token.task, MakeTaskId(3));
}

TEST_F(SleepTest, ATaskThatCannotBeReadGoesOnSleeping) {
  Create(1, 2);
  StoredTask damaged{MakeTaskId(2), {}, one_, MakePayload("{}"), {}};
  damaged.steps.emplace_back(StepIndex{7}, storage::v1::StepRecord());
  EXPECT_FALSE(world_.partition().Wake(std::move(damaged), world_.now()).ok());
  EXPECT_TRUE(world_.partition().IsAsleep(MakeTaskId(2)));
}

}  // namespace
}  // namespace tasker::engine
