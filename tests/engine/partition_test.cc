// How tasks go through the engine: order, failures, retries, cancellation.
#include "engine/partition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/engine_world.h"

namespace tasker::engine {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TaskTemplatePtr Chain() { return MakeTemplate({{"a"}, {"b", {"a"}}, {"c", {"b"}}}); }

TaskTemplatePtr Diamond() {
  return MakeTemplate({{"a"}, {"b", {"a"}}, {"c", {"a"}}, {"d", {"b", "c"}}});
}

TEST(Partition, RunsAChainOneStepAfterTheOther) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, Chain()).ok());
  for (const char* step : {"a", "b", "c"}) {
    EXPECT_EQ(world.StateOf(1), TaskState::kInProgress);
    const Assignment assignment = world.TakeOne();
    EXPECT_EQ(EngineWorld::NameOf(assignment), step);
    world.Complete(assignment, std::string("\"") + step + "\"");
  }
  EXPECT_EQ(world.StateOf(1), TaskState::kComplete);
  EXPECT_TRUE(world.rows().open.empty());
  EXPECT_EQ(world.partition().open_tasks(), 0u);
}

TEST(Partition, TellsOfEachChangeOnceAndInOrder) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a"}})).ok());
  world.Complete(world.TakeOne());
  EXPECT_THAT(world.EventNames(),
              ElementsAre("task.initialize_requested", "workflow.viable_steps_discovered",
                          "task.start_requested", "step.execution_requested:a", "step.completed:a",
                          "task.completed"));
  const auto& history = world.rows().history.at(MakeTaskId(1));
  std::vector<std::string> moves;
  for (const auto& move : history) {
    moves.emplace_back(move.step_plus_one() > 0 ? NameOf(static_cast<StepState>(move.step_to()))
                                                : NameOf(static_cast<TaskState>(move.task_to())));
  }
  EXPECT_THAT(moves, ElementsAre("enqueued", "in_progress", "in_progress", "complete", "complete"));
  EXPECT_EQ(history[3].actor(), "handler:handler");
}

TEST(Partition, HandsOutTheChildInTheEffectsThatAcknowledgeItsParent) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, Chain()).ok());
  world.Complete(world.TakeOne());
  ASSERT_EQ(world.last().acknowledgements.size(), 1u);
  EXPECT_EQ(world.last().acknowledgements[0].outcome, ResultOutcome::kApplied);
  EXPECT_EQ(world.last().assignments.size(), 1u);
  // The parent's record and the child's, and one row of history: nothing else.
  EXPECT_EQ(world.last().records.size(), 3u);
}

TEST(Partition, GivesTheJoinTheResultsOfItsParents) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, Diamond()).ok());
  world.Complete(world.TakeOne());
  for (const Assignment& branch : world.TakeAssignments()) {
    world.Complete(branch, "\"" + EngineWorld::NameOf(branch) + "\"");
  }
  const Assignment join = world.TakeOne();
  ASSERT_EQ(join.dependencies.size(), 2u);
  EXPECT_EQ(View(join.dependencies[0].results), "\"b\"");
  EXPECT_EQ(View(join.dependencies[1].results), "\"c\"");
}

TEST(Partition, CompletesATaskWithoutSteps) {
  EngineWorld world;
  ASSERT_TRUE(world.Create(1, MakeTemplate({})).ok());
  EXPECT_EQ(world.StateOf(1), TaskState::kComplete);
}

TEST(Partition, RefusesASecondTaskOfTheSameId) {
  EngineWorld world;
  ASSERT_TRUE(world.Create(1, Chain()).ok());
  EXPECT_EQ(world.Create(1, Chain()).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_FALSE(world.last().NeedsCommit());
}

TEST(Partition, RunsOneStepAtATimeWhereTheTemplateIsNotConcurrent) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a"}, {"b"}, {"c"}}, false)).ok());
  for (const char* step : {"a", "b", "c"}) {
    const Assignment assignment = world.TakeOne();
    EXPECT_EQ(EngineWorld::NameOf(assignment), step);
    world.Complete(assignment);
  }
  EXPECT_EQ(world.StateOf(1), TaskState::kComplete);
}

TEST(Partition, RetriesAfterTheBackoffAndThenSucceeds) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a"}})).ok());
  world.Fail(world.TakeOne());
  EXPECT_EQ(world.StateOf(1, "a"), StepState::kWaitingForRetry);
  world.Advance(999ms);
  EXPECT_THAT(world.TakeNames(), IsEmpty());
  world.Advance(1ms);
  const Assignment second = world.TakeOne();
  EXPECT_EQ(Raw(second.token.attempt), 2u);
  world.Complete(second);
  EXPECT_EQ(world.StateOf(1), TaskState::kComplete);
  EXPECT_EQ(world.StepOf(1, "a").last_failure().message(), "boom");
}

TEST(Partition, MakesExactlyAsManyAttemptsAsTheLimitSays) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a", {}, 3}})).ok());
  for (int attempt = 1; attempt <= 3; ++attempt) {
    world.Fail(world.TakeOne());
    world.Advance(10s);
  }
  EXPECT_THAT(world.TakeNames(), IsEmpty());
  EXPECT_EQ(world.StateOf(1, "a"), StepState::kError);
  EXPECT_EQ(world.StepOf(1, "a").attempts(), 3u);
  EXPECT_EQ(world.StateOf(1), TaskState::kError);
}

TEST(Partition, GivesUpAtOnceOnAPermanentFailure) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a"}})).ok());
  v1::Failure failure = MakeFailure();
  failure.set_retryable(false);
  world.Fail(world.TakeOne(), failure);
  EXPECT_EQ(world.StateOf(1), TaskState::kError);
}

TEST(Partition, LetsIndependentBranchesGoOnToTheirEndAfterAFailure) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(
      world.Create(1, MakeTemplate({{"bad", {}, 1}, {"behind", {"bad"}}, {"x"}, {"y", {"x"}}}))
          .ok());
  std::vector<Assignment> first = world.TakeAssignments();
  ASSERT_EQ(first.size(), 2u);
  world.Fail(first[0]);
  EXPECT_EQ(world.StateOf(1), TaskState::kInProgress);
  world.Complete(first[1]);
  world.Complete(world.TakeOne());
  EXPECT_EQ(world.StateOf(1), TaskState::kError);
  EXPECT_EQ(world.StateOf(1, "y"), StepState::kComplete);
  EXPECT_EQ(world.StateOf(1, "behind"), StepState::kPending);
  const auto& end = world.events().back();
  EXPECT_EQ(end.name(), "task.failed");
  EXPECT_THAT(end.failed_steps(), ElementsAre("bad"));
  EXPECT_EQ(end.error_message(), "boom");
}

TEST(Partition, CancelsEveryStepThatHasNotEnded) {
  EngineWorld world;
  world.Connect(1, 2);
  ASSERT_TRUE(
      world.Create(1, MakeTemplate({{"done"}, {"running"}, {"queued"}, {"later", {"queued"}}}))
          .ok());
  std::vector<Assignment> held = world.TakeAssignments();
  ASSERT_EQ(held.size(), 2u);
  world.Complete(held[0]);
  // The slot that became free was taken by `queued`; nothing else is free.
  const Assignment queued = world.TakeOne();
  world.Fail(queued);
  ASSERT_TRUE(world.Apply(CancelTask{MakeTaskId(1), "me", "enough"}).ok());
  EXPECT_EQ(world.StateOf(1), TaskState::kCancelled);
  EXPECT_EQ(world.StateOf(1, "done"), StepState::kComplete);
  for (const char* step : {"running", "queued", "later"}) {
    EXPECT_EQ(world.StateOf(1, step), StepState::kCancelled) << step;
  }
  ASSERT_EQ(world.last().cancellations.size(), 1u);
  EXPECT_EQ(world.last().cancellations[0].token, held[1].token);
  EXPECT_EQ(world.last().cancellations[0].reason, "enough");
  // The retry that was planned is void.
  world.Advance(1h);
  EXPECT_THAT(world.TakeNames(), IsEmpty());
  EXPECT_EQ(world.Apply(CancelTask{MakeTaskId(1), "me", ""}).code(), absl::StatusCode::kNotFound);
}

TEST(Partition, FreesTheSlotsOfACancelledTask) {
  EngineWorld world;
  world.Connect(1, 1);
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a"}})).ok());
  ASSERT_TRUE(world.Create(2, MakeTemplate({{"b"}})).ok());
  EXPECT_THAT(world.TakeNames(), ElementsAre("a"));
  ASSERT_TRUE(world.Apply(CancelTask{MakeTaskId(1), "me", ""}).ok());
  EXPECT_THAT(world.TakeNames(), ElementsAre("b"));
}

TEST(Partition, HandsOutInTheOrderInWhichStepsBecameReady) {
  EngineWorld world;
  for (std::uint32_t task = 1; task <= 3; ++task) {
    ASSERT_TRUE(world.Create(task, MakeTemplate({{"step" + std::to_string(task)}})).ok());
    world.Advance(1ms);
  }
  world.Connect(1);
  EXPECT_THAT(world.TakeNames(), ElementsAre("step1", "step2", "step3"));
}

ResultOutcome OutcomeOf(EngineWorld& world, const Assignment& late) {
  world.Complete(late);
  EXPECT_EQ(world.last().acknowledgements.size(), 1u);
  EXPECT_FALSE(world.last().NeedsCommit());
  return world.last().acknowledgements.at(0).outcome;
}

TEST(Partition, KnowsARepeatedResultFromOneThatIsTooLate) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, Chain()).ok());
  const Assignment a = world.TakeOne();
  world.Complete(a);
  EXPECT_EQ(OutcomeOf(world, a), ResultOutcome::kAlreadyApplied);
  const Assignment b = world.TakeOne();
  world.Fail(b);
  EXPECT_EQ(OutcomeOf(world, b), ResultOutcome::kAlreadyApplied);
  world.Advance(1s);
  EXPECT_EQ(OutcomeOf(world, b), ResultOutcome::kStale);
  world.Complete(world.TakeOne());
  world.Complete(world.TakeOne());
  EXPECT_EQ(OutcomeOf(world, a), ResultOutcome::kNotOpen);
  Assignment forged = a;
  forged.token.step = StepIndex{99};
  EXPECT_EQ(OutcomeOf(world, forged), ResultOutcome::kNotOpen);
}

TEST(Partition, GivesEqualEffectsForEqualCommands) {
  const auto run = [] {
    EngineWorld world(PartitionSettings{}, 7);
    world.Connect(1, 2);
    world.Connect(2, 2);
    (void)world.Create(1, Diamond());
    (void)world.Create(2, Chain());
    std::string all;
    for (int i = 0; i < 20; ++i) {
      for (const Assignment& each : world.TakeAssignments()) {
        all += each.token.Encode() + std::to_string(Raw(each.session));
        i % 3 == 0 ? world.Fail(each) : world.Complete(each);
        for (const RecordWrite& write : world.last().records) all += write.value;
      }
      world.Advance(1s);
    }
    return all;
  };
  EXPECT_EQ(run(), run());
}

}  // namespace
}  // namespace tasker::engine
