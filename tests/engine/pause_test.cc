// Pausing and resuming tasks, templates, namespaces and handler classes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/engine_world.h"

namespace tasker::engine {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Pause, OfATaskHoldsItsStepsAlsoOverARestart) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a"}, {"b", {"a"}}})).ok());
  const Assignment held = world.TakeOne();
  ASSERT_TRUE(world.Apply(PauseTask{MakeTaskId(1), "ann", "audit"}).ok());
  world.Complete(held);
  EXPECT_THAT(world.TakeNames(), IsEmpty());
  world.Restart();
  world.Connect(1);
  EXPECT_THAT(world.TakeNames(), IsEmpty());
  const v1::StepExplanation why = world.Explain(1, "b");
  EXPECT_EQ(why.hold(), v1::STEP_HOLD_PAUSED);
  EXPECT_EQ(why.pauses(0).pause().actor(), "ann");
  EXPECT_THAT(why.message(), HasSubstr("audit"));
  ASSERT_TRUE(world.Apply(ResumeTask{MakeTaskId(1), "ann", "done"}).ok());
  EXPECT_THAT(world.TakeNames(), ElementsAre("b"));
}

TEST(Pause, OfAScopeHoldsEverythingInItAlsoOverARestart) {
  for (const PauseKey& key :
       {PauseKey{"ns", "", ""}, PauseKey{"ns", "sketch", ""}, PauseKey{"", "", "H"}}) {
    EngineWorld world;
    world.Connect(1);
    ASSERT_TRUE(world.Apply(PauseScope{key, "ann", "audit"}).ok());
    ASSERT_TRUE(world.Create(1, MakeTemplate({{"a"}})).ok());
    world.Restart();
    world.Connect(1);
    EXPECT_THAT(world.TakeNames(), IsEmpty()) << key.ToString();
    EXPECT_EQ(world.Explain(1, "a").hold(), v1::STEP_HOLD_PAUSED);
    ASSERT_TRUE(world.Apply(ResumeScope{key}).ok());
    EXPECT_THAT(world.TakeNames(), ElementsAre("a")) << key.ToString();
  }
}

TEST(Pause, OfSomethingElseHoldsNothing) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Apply(PauseScope{{"other", "", ""}, "ann", ""}).ok());
  ASSERT_TRUE(world.Apply(PauseScope{{"ns", "other", ""}, "ann", ""}).ok());
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a"}})).ok());
  EXPECT_THAT(world.TakeNames(), ElementsAre("a"));
}

TEST(Pause, HoldsWhatTheEngineItselfRuns) {
  EngineWorld world;
  ASSERT_TRUE(
      world
          .Create(1, FromYaml("step_templates:\n  - {name: s, wait_for_signal: x}\n  - {name: w, "
                              "wait: 1s, depends_on_step: s}\n"))
          .ok());
  ASSERT_TRUE(world.Apply(PauseTask{MakeTaskId(1), "ann", ""}).ok());
  ASSERT_TRUE(world.Apply(SignalTask{MakeTaskId(1), "x", MakePayload("1"), ""}).ok());
  world.Advance(1h);
  EXPECT_EQ(world.StateOf(1, "w"), StepState::kEnqueued);
  ASSERT_TRUE(world.Apply(ResumeTask{MakeTaskId(1), "ann", ""}).ok());
  world.Advance(1s);
  EXPECT_EQ(world.StateOf(1), TaskState::kComplete);
}

}  // namespace
}  // namespace tasker::engine
