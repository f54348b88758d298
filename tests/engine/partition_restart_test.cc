// A partition made of what is stored goes on where the last one was.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/engine_world.h"

namespace tasker::engine {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Restart, HonoursTheAttemptThatAHandlerStillHolds) {
  EngineWorld world;
  world.Connect(1, 10, {{"H", "", "", 0}}, {}, "me");
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a"}, {"b", {"a"}}})).ok());
  const Assignment held = world.TakeOne();
  world.Restart();
  world.Connect(2, 10, {{"H", "", "", 0}}, {held.token}, "me");
  EXPECT_THAT(world.TakeNames(), IsEmpty());
  world.Complete(held);
  EXPECT_THAT(world.TakeNames(), ElementsAre("b"));
}

TEST(Restart, WaitsALeaseForHandlersThatNeverComeBack) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a"}})).ok());
  (void)world.TakeOne();
  world.Restart();
  world.Connect(2);
  world.Advance(29s);
  EXPECT_THAT(world.TakeNames(), IsEmpty());
  world.Advance(2s);
  EXPECT_EQ(Raw(world.TakeOne().token.attempt), 2u);
}

TEST(Restart, KeepsTheMomentOfARetry) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a"}})).ok());
  world.Fail(world.TakeOne());
  world.Advance(400ms);
  world.Restart();
  world.Connect(2);
  world.Advance(599ms);
  EXPECT_THAT(world.TakeNames(), IsEmpty());
  world.Advance(1ms);
  EXPECT_THAT(world.TakeNames(), ElementsAre("a"));
}

TEST(Restart, KeepsTheOrderOfWhatWasReady) {
  EngineWorld world;
  for (std::uint32_t task : {3u, 1u, 2u}) {
    ASSERT_TRUE(world.Create(task, MakeTemplate({{"step" + std::to_string(task)}})).ok());
    world.Advance(1ms);
  }
  world.Restart();
  world.Connect(1);
  EXPECT_THAT(world.TakeNames(), ElementsAre("step3", "step1", "step2"));
}

TEST(Restart, KeepsHoldingBackWhereTheTemplateIsNotConcurrent) {
  EngineWorld world;
  world.Connect(1, 10, {{"H", "", "", 0}}, {}, "me");
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a"}, {"b"}}, false)).ok());
  const Assignment held = world.TakeOne();
  world.Restart();
  world.Connect(2, 10, {{"H", "", "", 0}}, {held.token}, "me");
  EXPECT_THAT(world.TakeNames(), IsEmpty());
  world.Complete(held);
  EXPECT_THAT(world.TakeNames(), ElementsAre("b"));
}

TEST(Restart, LeavesOutWhatDoesNotFitItsTemplate) {
  Partition partition(EngineWorld::DefaultSettings(), 1);
  StoredTask stored{MakeTaskId(1), {}, MakeTemplate({{"a"}, {"b"}}), nullptr, {}};
  stored.record.set_total_steps(3);
  EXPECT_EQ(partition.Restore(std::move(stored), Timestamp()).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(partition.open_tasks(), 0u);
}

TEST(Restart, LeavesOutAnOpenTaskOfWhichNothingIsActive) {
  Partition partition(EngineWorld::DefaultSettings(), 1);
  StoredTask stored{MakeTaskId(1), {}, MakeTemplate({{"a"}}), MakePayload("{}"), {}};
  stored.record.set_total_steps(1);
  stored.record.set_state(v1::TASK_STATE_IN_PROGRESS);
  const absl::Status refused = partition.Restore(std::move(stored), Timestamp());
  EXPECT_EQ(refused.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("none of its steps is at work"));
}

}  // namespace
}  // namespace tasker::engine
