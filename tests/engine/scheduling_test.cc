// Who goes first, where, and how many at a time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/engine_world.h"

namespace tasker::engine {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

TaskTemplatePtr OneStep(const std::string& top = "", const std::string& rest = "") {
  return FromYaml(top + "\nstep_templates:\n  - {name: a, handler_class: H" + rest + "}\n");
}

// The tasks' numbers, in the order in which they are handed out to one slot.
std::vector<int> OrderOf(EngineWorld& world, int count) {
  world.Connect(9, 1);
  std::vector<int> order;
  for (int i = 0; i < count; ++i) {
    const Assignment next = world.TakeOne();
    order.push_back(next.token.task.bytes()[15]);
    world.Complete(next);
  }
  return order;
}

TEST(Priority, GoesFirst) {
  EngineWorld world;
  ASSERT_TRUE(world.Create(1, OneStep("priority: low")).ok());
  ASSERT_TRUE(world.Create(2, OneStep("priority: critical")).ok());
  ASSERT_TRUE(world.Create(3, OneStep()).ok());
  EXPECT_THAT(OrderOf(world, 3), ElementsAre(2, 3, 1));
}

TEST(Priority, IsOutdoneByAgeSoThatNothingStarves) {
  EngineWorld world;
  ASSERT_TRUE(world.Create(1, OneStep("priority: low")).ok());
  world.Advance(71s);  // Seven levels, of ten seconds each, and a little.
  ASSERT_TRUE(world.Create(2, OneStep("priority: critical")).ok());
  EXPECT_THAT(OrderOf(world, 2), ElementsAre(1, 2));
}

TEST(Fairness, DoesNotLetAHugeTaskHoldUpTheOthers) {
  std::vector<StepSketch> many(1000);
  for (std::size_t i = 0; i < many.size(); ++i) many[i].name = "s" + std::to_string(i);
  EngineWorld world;
  ASSERT_TRUE(world.Create(1, MakeTemplate(std::move(many))).ok());
  world.Advance(5ms);
  ASSERT_TRUE(world.Create(2, OneStep()).ok());
  const std::vector<int> order = OrderOf(world, 10);
  EXPECT_LE(std::ranges::find(order, 2) - order.begin(), 6);
}

TEST(Limits, OfATemplateHoldOverAllItsTasks) {
  EngineWorld world;
  world.Connect(1);
  const auto made = OneStep("max_running_steps: 1");
  ASSERT_TRUE(world.Create(1, made).ok());
  ASSERT_TRUE(world.Create(2, made).ok());
  const Assignment first = world.TakeOne();
  EXPECT_EQ(world.Explain(2, "a").hold(), v1::STEP_HOLD_LIMIT);
  EXPECT_EQ(world.Explain(2, "a").limit(), 1u);
  world.Complete(first);
  EXPECT_EQ(world.TakeOne().token.task, MakeTaskId(2));
}

TEST(Limits, OfAHandlerClassHoldOverAllHandlers) {
  PartitionSettings settings = EngineWorld::DefaultSettings();
  settings.class_limits["H"] = 2;
  EngineWorld world(settings);
  world.Connect(1);
  world.Connect(2);
  for (std::uint32_t i = 1; i <= 3; ++i) ASSERT_TRUE(world.Create(i, OneStep()).ok());
  const std::vector<Assignment> two = world.TakeAssignments();
  ASSERT_EQ(two.size(), 2u);
  EXPECT_EQ(world.Explain(3, "a").hold(), v1::STEP_HOLD_LIMIT);
  world.Fail(two[0]);
  EXPECT_EQ(world.TakeOne().token.task, MakeTaskId(3));
}

TEST(Labels, SendAStepOnlyToHandlersThatHaveThem) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, OneStep("", ", labels: {region: eu}")).ok());
  EXPECT_EQ(world.Explain(1, "a").hold(), v1::STEP_HOLD_NO_HANDLER);
  (void)world.Apply(RegisterHandler{
      SessionId{2}, "eu", "instance-2", 1, {{"H", "", "", 0}}, {}, {{"region", "eu"}}});
  EXPECT_EQ(world.TakeOne().session, SessionId{2});
}

TEST(Sticky, StepsGoToTheHandlerThatDidTheOneBefore) {
  const auto made = FromYaml(R"(step_templates:
  - {name: a, handler_class: H, sticky: true}
  - {name: b, handler_class: H, sticky: true, depends_on_step: a}
)");
  EngineWorld world;
  world.Connect(1, 10);
  ASSERT_TRUE(world.Create(1, made).ok());
  const Assignment first = world.TakeOne();
  world.Connect(2, 10);
  ASSERT_TRUE(world.Create(2, OneStep()).ok());  // At the emptier one, which is the second.
  world.Complete(first);
  std::vector<SessionId> sessions;
  for (const Assignment& each : world.TakeAssignments()) {
    if (each.token.task == MakeTaskId(1)) sessions.push_back(each.session);
  }
  EXPECT_THAT(sessions, ElementsAre(SessionId{1}));
}

TEST(OneAtATime, HoldsForStepsThatAreRetriedTogether) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a", {}, 1}, {"b", {}, 1}}, false)).ok());
  world.Fail(world.TakeOne());
  world.Fail(world.TakeOne());
  ASSERT_TRUE(world.Repair(1, RepairTask::Action::kRetryFailed).ok());
  world.Complete(world.TakeOne());
  world.Complete(world.TakeOne());
  EXPECT_EQ(world.StateOf(1), TaskState::kComplete);
}

}  // namespace
}  // namespace tasker::engine
