// The answers to "why is it stuck?".
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/engine_world.h"

namespace tasker::engine {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Explain, NamesTheStepsThatAreWaitedFor) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a"}, {"b"}, {"c", {"a", "b"}}})).ok());
  world.Complete(world.TakeAssignments()[0]);
  const v1::StepExplanation why = world.Explain(1, "c");
  EXPECT_EQ(why.hold(), v1::STEP_HOLD_DEPENDENCIES);
  EXPECT_THAT(why.waits_for(), ElementsAre("b"));
}

TEST(Explain, NamesTheFailureThatBlocks) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(
      world.Create(1, MakeTemplate({{"a", {}, 1}, {"b", {"a"}}, {"c", {"b"}}, {"d"}})).ok());
  world.Fail(world.TakeAssignments()[0]);
  const v1::StepExplanation why = world.Explain(1, "c");
  EXPECT_EQ(why.hold(), v1::STEP_HOLD_BLOCKED_BY_FAILURE);
  EXPECT_THAT(why.blocked_by(), ElementsAre("a"));
  EXPECT_THAT(world.Explain(1, "a").message(), HasSubstr("Boom: boom"));
}

TEST(Explain, NamesTheMomentTheBackoffEnds) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a"}})).ok());
  world.Fail(world.TakeOne());
  const v1::StepExplanation why = world.Explain(1, "a");
  EXPECT_EQ(why.hold(), v1::STEP_HOLD_BACKOFF);
  EXPECT_EQ(why.earliest_at().seconds(), 3601);
  EXPECT_THAT(why.message(), HasSubstr("attempt 1 of 3"));
}

TEST(Explain, SaysThatNoHandlerIsThere) {
  EngineWorld world;
  world.Connect(1, 1, {{"Other", "", "", 0}});
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a"}})).ok());
  EXPECT_EQ(world.Explain(1, "a").hold(), v1::STEP_HOLD_NO_HANDLER);
  EXPECT_EQ(world.Explain(1, "a").since().seconds(), 3600);
}

TEST(Explain, SaysWhichHandlersAreFull) {
  EngineWorld world;
  world.Connect(1, 1);
  for (std::uint32_t i = 1; i <= 3; ++i) {
    ASSERT_TRUE(world.Create(i, MakeTemplate({{"a"}})).ok());
  }
  const v1::StepExplanation why = world.Explain(3, "a");
  EXPECT_EQ(why.hold(), v1::STEP_HOLD_NO_FREE_SLOT);
  ASSERT_EQ(why.handlers_size(), 1);
  EXPECT_EQ(why.handlers(0).in_flight(), 1u);
  EXPECT_EQ(why.ahead(), 1u);
}

TEST(Explain, SaysWhoRunsAStep) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a"}})).ok());
  const v1::StepExplanation why = world.Explain(1, "a");
  EXPECT_EQ(why.hold(), v1::STEP_HOLD_RUNNING);
  EXPECT_EQ(why.handlers(0).instance_id(), "instance-1");
  world.Disconnect(1);
  EXPECT_THAT(world.Explain(1, "a").message(), HasSubstr("not connected; it is kept until"));
}

TEST(Explain, SaysThatTheTaskRunsOneStepAtATime) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a"}, {"b"}}, false)).ok());
  const v1::StepExplanation why = world.Explain(1, "b");
  EXPECT_EQ(why.hold(), v1::STEP_HOLD_TASK_CONCURRENCY);
  EXPECT_THAT(why.waits_for(), ElementsAre("a"));
}

TEST(Explain, KnowsWaitsSignalsItemsAndSubTasks) {
  EngineWorld world;
  const auto made = FromYaml(R"(step_templates:
  - {name: w, wait: 1h}
  - {name: s, wait_for_signal: go}
  - {name: e, handler_class: H, for_each: context.items}
  - {name: t, sub_task: {name: x}}
  - {name: u, handler_class: H, compensates: e}
)");
  ASSERT_TRUE(world.Create(1, made, R"({"items": [1, 2]})").ok());
  EXPECT_EQ(world.Explain(1, "w").hold(), v1::STEP_HOLD_TIMER);
  EXPECT_EQ(world.Explain(1, "w").earliest_at().seconds(), 7200);
  EXPECT_EQ(world.Explain(1, "s").signal(), "go");
  EXPECT_EQ(world.Explain(1, "e").hold(), v1::STEP_HOLD_ITEMS);
  EXPECT_EQ(world.Explain(1, "e[1]").hold(), v1::STEP_HOLD_NO_HANDLER);
  EXPECT_EQ(world.Explain(1, "t").hold(), v1::STEP_HOLD_SUB_TASK);
  EXPECT_EQ(world.Explain(1, "u").hold(), v1::STEP_HOLD_IN_RESERVE);
  const auto all = world.partition().Explain(MakeTaskId(1), "", world.now(), 3);
  EXPECT_EQ(all->steps_size(), 3);
  EXPECT_TRUE(all->truncated());
  EXPECT_EQ(world.partition().Explain(MakeTaskId(1), "zz", world.now(), 3).status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace tasker::engine
