#include "clients/cli/step_order.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/cli/task_builder.h"

namespace tasker::cli {
namespace {

using testing::ElementsAre;

v1::Step Pending(const std::string& name, std::vector<std::string> depends_on = {}) {
  return StepBuilder(name, v1::STEP_STATE_PENDING, std::move(depends_on));
}

v1::Step In(v1::StepState state, const std::string& name) { return StepBuilder(name, state); }

std::vector<std::string> Names(const std::vector<PlacedStep>& placed) {
  std::vector<std::string> names;
  for (const auto& step : placed) names.push_back(step.step->name());
  return names;
}

TEST(OrderSteps, PutsEveryStepBehindWhatItDependsOn) {
  const auto task =
      MakeTask(v1::TASK_STATE_PENDING, {Pending("c", {"b"}), Pending("b", {"a"}), Pending("a")});
  EXPECT_THAT(Names(OrderSteps(task)), ElementsAre("a", "b", "c"));
}

TEST(OrderSteps, KeepsTheTemplatesOrderWithinAStage) {
  const auto task =
      MakeTask(v1::TASK_STATE_PENDING, {Pending("root"), Pending("z", {"root"}),
                                        Pending("a", {"root"}), Pending("join", {"z", "a"})});
  const auto placed = OrderSteps(task);
  EXPECT_THAT(Names(placed), ElementsAre("root", "z", "a", "join"));
  EXPECT_TRUE(placed[1].first_of_stage);
  EXPECT_FALSE(placed[1].last_of_stage);
  EXPECT_TRUE(placed[2].last_of_stage);
  EXPECT_TRUE(placed[3].depends_on_stage_before) << "the join needs no arrow";
}

TEST(OrderSteps, MarksDependenciesThatTheRowsBeforeDoNotShow) {
  const auto task =
      MakeTask(v1::TASK_STATE_PENDING,
               {Pending("a"), Pending("b"), Pending("c", {"a"}), Pending("d", {"b", "c"})});
  const auto placed = OrderSteps(task);
  EXPECT_TRUE(placed[0].depends_on_stage_before);
  EXPECT_FALSE(placed[2].depends_on_stage_before) << "c leaves out b";
  EXPECT_FALSE(placed[3].depends_on_stage_before) << "d reaches back to b";
}

TEST(OrderSteps, SurvivesCirclesAndUnknownNames) {
  const auto task =
      MakeTask(v1::TASK_STATE_PENDING, {Pending("x", {"y"}), Pending("y", {"x"}),
                                        Pending("self", {"self"}), Pending("a", {"gone"})});
  EXPECT_THAT(Names(OrderSteps(task)), ElementsAre("a", "x", "y", "self"));
}

TEST(OrderSteps, OfATaskWithoutStepsIsEmpty) {
  const v1::Task task;
  EXPECT_TRUE(OrderSteps(task).empty());
}

TEST(ChooseSteps, PrefersFailuresThenWorkUnderWayThenWhatComesNextThenTheNewestFinished) {
  const auto task =
      MakeTask(v1::TASK_STATE_IN_PROGRESS,
               {In(v1::STEP_STATE_COMPLETE, "done1"), In(v1::STEP_STATE_COMPLETE, "done2"),
                In(v1::STEP_STATE_PENDING, "next1"), In(v1::STEP_STATE_PENDING, "next2"),
                In(v1::STEP_STATE_IN_PROGRESS, "running"), In(v1::STEP_STATE_ERROR, "failed")});
  const auto steps = OrderSteps(task);
  const auto chosen = [&steps](std::size_t budget) {
    std::vector<std::string> names;
    const auto shown = ChooseSteps(steps, budget);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (shown[i]) names.push_back(steps[i].step->name());
    }
    return names;
  };
  EXPECT_THAT(chosen(0), ElementsAre());
  EXPECT_THAT(chosen(1), ElementsAre("failed"));
  EXPECT_THAT(chosen(2), ElementsAre("running", "failed"));
  EXPECT_THAT(chosen(3), ElementsAre("next1", "running", "failed"));
  EXPECT_THAT(chosen(5), ElementsAre("done2", "next1", "next2", "running", "failed"));
  EXPECT_THAT(chosen(99), ElementsAre("done1", "done2", "next1", "next2", "running", "failed"));
}

}  // namespace
}  // namespace tasker::cli
