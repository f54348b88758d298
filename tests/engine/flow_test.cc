// Conditions, decisions, fan-out, sub-tasks, waits and compensation.
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

const std::vector<ServedClass> kClasses = {{"H", "", "", 0}};

TEST(Conditions, SkipAStepThatIsNotWantedAndLetItsChildrenGoOn) {
  const auto made = FromYaml(R"(step_templates:
  - {name: gift, handler_class: H, when: context.amount > 100}
  - {name: notify, handler_class: H, depends_on_step: gift}
)");
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, made, R"({"amount": 5})").ok());
  EXPECT_EQ(world.StateOf(1, "gift"), StepState::kSkipped);
  EXPECT_THAT(world.TakeNames(), ElementsAre("notify"));
  ASSERT_TRUE(world.Create(2, made, R"({"amount": 500})").ok());
  EXPECT_THAT(world.TakeNames(), ElementsAre("gift"));
}

TEST(Conditions, SeeEarlierResults) {
  const auto made = FromYaml(R"(step_templates:
  - {name: score, handler_class: H}
  - {name: review, handler_class: H, depends_on_step: score, when: "steps.score.results.risk == 'high'"}
)");
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, made).ok());
  world.Complete(world.TakeOne(), R"({"risk": "high"})");
  EXPECT_THAT(world.TakeNames(), ElementsAre("review"));
}

TEST(Conditions, ThatHaveNoValueFailTheStepForGood) {
  const auto made = FromYaml(R"(step_templates:
  - {name: a, handler_class: H, when: context.n > 5}
)");
  EngineWorld world;
  ASSERT_TRUE(world.Create(1, made, R"({"n": "many"})").ok());
  EXPECT_EQ(world.StateOf(1), TaskState::kError);
  EXPECT_EQ(world.StepOf(1, "a").last_failure().error_class(), kExpressionError);
  EXPECT_THAT(world.StepOf(1, "a").last_failure().message(), HasSubstr("context.n > 5"));
}

constexpr char kDecision[] = R"(step_templates:
  - {name: decide, handler_class: H, type: decision}
  - {name: fast, handler_class: H, depends_on_step: decide}
  - {name: slow, handler_class: H, depends_on_step: decide}
  - {name: slower, handler_class: H, depends_on_step: slow}
  - {name: join, handler_class: H, depends_on_steps: [fast, slower]}
)";

TEST(Decisions, LeaveOutTheOtherBranchesAndAllThatOnlyTheyLeadTo) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, FromYaml(kDecision)).ok());
  world.Complete(world.TakeOne(), R"({"create_steps": ["fast"]})");
  EXPECT_EQ(world.StateOf(1, "slow"), StepState::kSkipped);
  EXPECT_EQ(world.StateOf(1, "slower"), StepState::kSkipped);
  const Assignment fast = world.TakeOne();
  EXPECT_EQ(EngineWorld::NameOf(fast), "fast");
  world.Complete(fast);
  EXPECT_THAT(world.TakeNames(), ElementsAre("join"));
}

TEST(Decisions, ThatChooseNothingLeaveOutEverythingBehindThem) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, FromYaml(kDecision)).ok());
  world.Complete(world.TakeOne(), R"({"no_branches": true})");
  EXPECT_EQ(world.StateOf(1, "join"), StepState::kSkipped);
  EXPECT_EQ(world.StateOf(1), TaskState::kComplete);
}

TEST(Decisions, ThatChooseWhatIsNoBranchFail) {
  for (const char* results : {R"({"create_steps": ["join"]})", R"({"x": 1})", "[]"}) {
    EngineWorld world;
    world.Connect(1);
    ASSERT_TRUE(world.Create(1, FromYaml(kDecision)).ok());
    world.Complete(world.TakeOne(), results);
    EXPECT_EQ(world.StateOf(1, "decide"), StepState::kError) << results;
    EXPECT_EQ(world.StepOf(1, "decide").last_failure().error_class(), kInvalidChoice);
  }
}

constexpr char kForEach[] = R"(step_templates:
  - {name: each, handler_class: H, default_retry_limit: 1, for_each: {items: context.items, concurrency: 2}}
  - {name: after, handler_class: H, depends_on_step: each}
)";

TEST(FanOut, RunsEachItemAFewAtATimeAndCollectsInOrder) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, FromYaml(kForEach), R"({"items": ["a", {"b": 1}, 3]})").ok());
  const std::vector<Assignment> first = world.TakeAssignments();
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(View(first[1].item->item), R"({"b":1})");
  world.Complete(first[1], "\"second\"");
  const Assignment third = world.TakeOne();
  EXPECT_EQ(EngineWorld::NameOf(third), "each[2]");
  world.Complete(third, "\"third\"");
  world.Complete(first[0], "\"first\"");
  EXPECT_EQ(world.ResultsOf(1, "each"), R"(["first","second","third"])");
  const Assignment after = world.TakeOne();
  EXPECT_EQ(View(after.dependencies[0].results), R"(["first","second","third"])");
}

TEST(FanOut, ThatCollectsTooMuchFailsAndNamesLimitAndSize) {
  PartitionSettings settings = EngineWorld::DefaultSettings();
  settings.collected_bytes_max = 20;
  EngineWorld world(settings);
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, FromYaml(kForEach), R"({"items": [1, 2]})").ok());
  ASSERT_TRUE(world.Create(2, FromYaml(kForEach), R"({"items": [1, 2]})").ok());
  for (const Assignment& each : world.TakeAssignments()) {
    world.Complete(each, each.token.task == MakeTaskId(1) ? "\"1234567\"" : "\"123456\"");
  }
  EXPECT_EQ(world.StateOf(1, "each"), StepState::kError);
  EXPECT_EQ(world.StepOf(1, "each").last_failure().error_class(), kInvalidResults);
  EXPECT_THAT(world.StepOf(1, "each").last_failure().message(),
              HasSubstr("22 bytes together, over the limit of 20 bytes"));
  EXPECT_EQ(world.StateOf(2, "each"), StepState::kComplete);
}

TEST(FanOut, OverNothingIsDoneAtOnce) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, FromYaml(kForEach), R"({"items": []})").ok());
  EXPECT_EQ(world.ResultsOf(1, "each"), "[]");
  EXPECT_THAT(world.TakeNames(), ElementsAre("after"));
}

TEST(FanOut, FinishesTheOtherItemsBeforeItFails) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, FromYaml(kForEach), R"({"items": [1, 2, 3]})").ok());
  world.Fail(world.TakeAssignments()[0]);
  EXPECT_EQ(world.StateOf(1, "each"), StepState::kInProgress);
  world.Restart();
  world.Connect(2);
  world.Advance(31s);  // The second item's handler is lost with the old connection.
  for (const Assignment& each : world.TakeAssignments()) world.Complete(each);
  EXPECT_EQ(world.StateOf(1, "each"), StepState::kError);
  EXPECT_THAT(world.StepOf(1, "each").last_failure().message(), HasSubstr("each[0]: Boom: boom"));
  EXPECT_EQ(world.StateOf(1), TaskState::kError);
}

TEST(FanOut, OfManyItemsThatFailAtOnceNeedsNoStack) {
  const auto made = FromYaml(R"(step_templates:
  - {name: each, for_each: {items: context.items, concurrency: 1}, sub_task: {name: other, context: "item > 'x'"}}
)");
  std::string items = "1";
  for (int i = 0; i < 50'000; ++i) items += ",1";
  EngineWorld world;
  ASSERT_TRUE(world.Create(1, made, "{\"items\": [" + items + "]}").ok());
  EXPECT_EQ(world.StateOf(1), TaskState::kError);
}

TEST(Waits, EndAfterTheirTimeAlsoOverARestart) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world
                  .Create(1, FromYaml("step_templates:\n  - {name: nap, wait: 24h}\n  - {name: up, "
                                      "handler_class: H, depends_on_step: nap}\n"))
                  .ok());
  world.Advance(23h);
  EXPECT_EQ(world.StateOf(1, "nap"), StepState::kInProgress);
  world.Restart();
  world.Connect(1);
  world.Advance(59min);
  EXPECT_THAT(world.TakeNames(), IsEmpty());
  world.Advance(1min);
  EXPECT_THAT(world.TakeNames(), ElementsAre("up"));
}

TEST(Waits, UntilAMomentOfTheContext) {
  EngineWorld world;
  ASSERT_TRUE(world
                  .Create(1, FromYaml("step_templates:\n  - {name: nap, wait_until: context.at}\n"),
                          R"({"at": "1970-01-01T03:00:00Z"})")
                  .ok());
  world.Advance(119min);
  EXPECT_EQ(world.StateOf(1), TaskState::kInProgress);
  world.Advance(1min);
  EXPECT_EQ(world.StateOf(1), TaskState::kComplete);
}

constexpr char kSignal[] = R"(step_templates:
  - {name: before, handler_class: H}
  - {name: approve, depends_on_step: before, wait_for_signal: approval, timeout: 1h}
)";

TEST(Signals, EndTheStepThatWaitsAndAreItsResults) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, FromYaml(kSignal)).ok());
  world.Complete(world.TakeOne());
  ASSERT_TRUE(
      world.Apply(SignalTask{MakeTaskId(1), "approval", MakePayload(R"({"by":"ann"})"), "ann"})
          .ok());
  EXPECT_EQ(world.ResultsOf(1, "approve"), R"({"by":"ann"})");
  EXPECT_EQ(world.StateOf(1), TaskState::kComplete);
}

TEST(Signals, ThatComeEarlyAreKeptOverARestart) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, FromYaml(kSignal)).ok());
  ASSERT_TRUE(world.Apply(SignalTask{MakeTaskId(1), "approval", MakePayload("7"), "ann"}).ok());
  world.Restart();
  world.Connect(1, 100, kClasses, {}, "instance-1");
  world.Complete(world.TakeOne());
  EXPECT_EQ(world.ResultsOf(1, "approve"), "7");
}

TEST(Signals, ThatDoNotComeInTimeFailTheStep) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, FromYaml(kSignal)).ok());
  world.Complete(world.TakeOne());
  world.Advance(1h);
  EXPECT_EQ(world.StepOf(1, "approve").last_failure().error_class(), kSignalTimeout);
}

constexpr char kParent[] = R"(step_templates:
  - {name: run, sub_task: {name: child, context: context.inner}}
  - {name: after, handler_class: H, depends_on_step: run}
)";

class SubTasks : public ::testing::Test {
 protected:
  void SetUp() override {
    world_.Connect(1);
    ASSERT_TRUE(world_.Create(1, FromYaml(kParent), R"({"inner": {"x": 1}})").ok());
    ASSERT_EQ(world_.last().sub_tasks.size(), 1u);
    request_ = world_.last().sub_tasks[0];
  }
  absl::Status CreateChild() {
    return world_.Apply(CreateTask{.task = request_.sub_task,
                                   .task_template = MakeTemplate({{"a"}, {"b", {"a"}}}),
                                   .context = request_.context,
                                   .origin = request_.origin,
                                   .parent = request_.parent});
  }
  TaskState ChildState() {
    return static_cast<TaskState>(world_.rows().tasks.at(request_.sub_task).state());
  }

  const PartitionSettings settings_ = [] {
    PartitionSettings settings = EngineWorld::DefaultSettings();
    settings.collected_bytes_max = 100;
    return settings;
  }();
  EngineWorld world_{settings_};
  SubTaskRequest request_;
};

TEST_F(SubTasks, GiveTheirLastResultsToTheStepThatRunsThem) {
  EXPECT_EQ(View(request_.context), R"({"x":1})");
  EXPECT_EQ(request_.template_id.name, "child");
  ASSERT_TRUE(CreateChild().ok());
  world_.Complete(world_.TakeOne(), "1");
  world_.Complete(world_.TakeOne(), "2");
  EXPECT_EQ(ChildState(), TaskState::kComplete);
  EXPECT_EQ(world_.ResultsOf(1, "run"),
            "{\"task_id\":\"" + request_.sub_task.ToString() + "\",\"results\":{\"b\":2}}");
  EXPECT_THAT(world_.TakeNames(), ElementsAre("after"));
}

TEST_F(SubTasks, ThatGiveTooMuchFailTheStepForGood) {
  ASSERT_TRUE(CreateChild().ok());
  world_.Complete(world_.TakeOne(), "1");
  world_.Complete(world_.TakeOne(), '"' + std::string(settings_.collected_bytes_max, 'x') + '"');
  EXPECT_EQ(ChildState(), TaskState::kComplete);
  EXPECT_EQ(world_.StateOf(1, "run"), StepState::kError);
  EXPECT_EQ(world_.StepOf(1, "run").last_failure().error_class(), kInvalidResults);
  EXPECT_THAT(world_.StepOf(1, "run").last_failure().message(),
              HasSubstr("102 bytes together, over the limit of 100 bytes"));
}

TEST_F(SubTasks, AreAskedForAgainAfterARestartByTheSameId) {
  world_.Restart();
  world_.Advance(1s);
  ASSERT_EQ(world_.last().sub_tasks.size(), 1u);
  EXPECT_EQ(world_.last().sub_tasks[0].sub_task, request_.sub_task);
}

TEST_F(SubTasks, ThatFailFailTheStep) {
  ASSERT_TRUE(CreateChild().ok());
  v1::Failure failure = MakeFailure();
  failure.set_retryable(false);
  world_.Fail(world_.TakeOne(), failure);
  EXPECT_EQ(world_.StateOf(1), TaskState::kError);
  EXPECT_EQ(world_.StepOf(1, "run").last_failure().error_class(), kSubTaskFailed);
  EXPECT_THAT(world_.StepOf(1, "run").last_failure().message(), HasSubstr("step `a`: Boom: boom"));
}

TEST_F(SubTasks, AreCancelledWithTheirParent) {
  ASSERT_TRUE(CreateChild().ok());
  ASSERT_TRUE(world_.Apply(CancelTask{MakeTaskId(1), "me", "enough"}).ok());
  EXPECT_EQ(ChildState(), TaskState::kCancelled);
  EXPECT_EQ(world_.StateOf(1), TaskState::kCancelled);
  EXPECT_TRUE(world_.rows().open.empty());
}

TEST_F(SubTasks, AreNotCreatedForAStepThatNoLongerWaits) {
  ASSERT_TRUE(world_.Apply(CancelTask{MakeTaskId(1), "me", "enough"}).ok());
  EXPECT_EQ(CreateChild().code(), absl::StatusCode::kFailedPrecondition);
}

constexpr char kSaga[] = R"(step_templates:
  - {name: charge, handler_class: H}
  - {name: reserve, handler_class: H, depends_on_step: charge}
  - {name: ship, handler_class: H, depends_on_step: reserve, default_retry_limit: 1}
  - {name: refund, handler_class: H, compensates: charge}
  - {name: release, handler_class: H, compensates: reserve}
  - {name: unship, handler_class: H, compensates: ship}
  - {name: alert, handler_class: H, on_failure: true}
)";

TEST(Compensation, UndoesWhatWasDoneInReverseOrderAndOneAfterTheOther) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, FromYaml(kSaga)).ok());
  world.Complete(world.TakeOne(), R"({"charge_id": 7})");
  world.Advance(1s);
  world.Complete(world.TakeOne());
  world.Fail(world.TakeOne());
  const Assignment release = world.TakeOne();
  EXPECT_EQ(EngineWorld::NameOf(release), "release");
  EXPECT_EQ(world.StateOf(1), TaskState::kInProgress);
  world.Complete(release);
  // In the midst of it, a restart changes nothing.
  const Assignment refund = world.TakeOne();
  world.Restart();
  world.Connect(1, 100, kClasses, {refund.token}, "instance-1");
  EXPECT_EQ(EngineWorld::NameOf(refund), "refund");
  EXPECT_EQ(View(refund.dependencies[0].results), R"({"charge_id": 7})");
  world.Complete(refund);
  const Assignment alert = world.TakeOne();
  EXPECT_EQ(EngineWorld::NameOf(alert), "alert");
  world.Complete(alert);
  EXPECT_EQ(world.StateOf(1, "unship"), StepState::kSkipped);
  EXPECT_EQ(world.StateOf(1), TaskState::kError);
}

TEST(Compensation, IsNotNeededWhereAllWentWell) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, FromYaml(kSaga)).ok());
  for (int i = 0; i < 3; ++i) world.Complete(world.TakeOne());
  EXPECT_EQ(world.StateOf(1), TaskState::kComplete);
  EXPECT_EQ(world.StateOf(1, "refund"), StepState::kSkipped);
  EXPECT_EQ(world.StateOf(1, "alert"), StepState::kSkipped);
}

TEST(ForEach, OfTenThousandItemsStoresALargeContextOnce) {
  std::string context = R"({"padding": ")" + std::string(1u << 20, 'x') + R"(", "items": [0)";
  for (int i = 1; i < 10'000; ++i) context += "," + std::to_string(i);
  context += "]}";
  EngineWorld world;
  world.Connect(1, 10'000);
  std::size_t contexts = 0;
  std::size_t bytes = 0;
  const auto count = [&] {
    for (const RecordWrite& write : world.last().records) {
      if (write.kind == RecordWrite::Kind::kContext) ++contexts;
      bytes += write.value.size();
    }
  };
  const auto made = FromYaml(R"(step_templates:
  - {name: each, handler_class: H, for_each: {items: context.items, concurrency: 10000}}
)");
  ASSERT_TRUE(world.Create(1, made, context).ok());
  count();
  const std::vector<Assignment> assignments = world.TakeAssignments();
  ASSERT_EQ(assignments.size(), 10'000u);
  for (const Assignment& assignment : assignments) {
    // One copy in memory as well.
    ASSERT_EQ(assignment.context, assignments[0].context);
    world.Complete(assignment);
    count();
  }
  EXPECT_EQ(world.StateOf(1), TaskState::kComplete);
  EXPECT_EQ(contexts, 1u);
  // Beside it about four hundred bytes an item: its records and history.
  EXPECT_LT(bytes - context.size(), 10'000u * 1000);
}

}  // namespace
}  // namespace tasker::engine
