// What is drawn of templates and tasks, and which way is marked.
#include "clients/cli/graph/picture_source.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/task_builder.h"

namespace tasker::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> CriticalOf(const Picture& picture) {
  std::vector<std::string> names;
  for (const PictureNode& node : picture.nodes) {
    if (node.critical) names.push_back(node.name);
  }
  return names;
}

v1::AnalyzedStep& Add(v1::TemplateAnalysis& analysis, const std::string& name,
                      const std::vector<std::string>& depends_on, int seconds = 0) {
  v1::AnalyzedStep& step = *analysis.add_steps();
  step.set_name(name);
  step.set_kind(v1::STEP_KIND_HANDLER);
  for (const std::string& parent : depends_on) step.add_depends_on(parent);
  if (seconds > 0) step.mutable_expected_duration()->set_seconds(seconds);
  return step;
}

// Three short steps beside two long ones.
v1::TemplateAnalysis TwoWays() {
  v1::TemplateAnalysis analysis;
  Add(analysis, "a", {}, 1);
  Add(analysis, "b", {"a"}, 1);
  Add(analysis, "c", {"b"}, 1);
  Add(analysis, "x", {}, 60);
  Add(analysis, "y", {"x"}, 60);
  return analysis;
}

TEST(PictureOfTemplate, MarksTheWayByTimeWhereEachStepHasOne) {
  EXPECT_THAT(CriticalOf(PictureOf(TwoWays(), CriticalBy::kAuto)), ElementsAre("x", "y"));
  EXPECT_THAT(CriticalOf(PictureOf(TwoWays(), CriticalBy::kSteps)), ElementsAre("a", "b", "c"));
  v1::TemplateAnalysis unknown = TwoWays();
  unknown.mutable_steps(0)->clear_expected_duration();
  EXPECT_THAT(CriticalOf(PictureOf(unknown, CriticalBy::kAuto)), ElementsAre("a", "b", "c"));
  EXPECT_THAT(CriticalOf(PictureOf(unknown, CriticalBy::kTime)), ElementsAre("x", "y"));
}

TEST(PictureOfTemplate, MarksTheEdgesOfTheWayAlone) {
  v1::TemplateAnalysis analysis;
  Add(analysis, "a", {});
  Add(analysis, "b", {"a"});
  Add(analysis, "c", {"a", "b"});
  const Picture picture = PictureOf(analysis, CriticalBy::kSteps);
  ASSERT_EQ(picture.edges.size(), 3u);
  EXPECT_TRUE(picture.edges[0].critical);
  EXPECT_FALSE(picture.edges[1].critical);
  EXPECT_TRUE(picture.edges[2].critical);
}

TEST(PictureOfTemplate, SaysWhatStepsAre) {
  v1::TemplateAnalysis analysis;
  v1::AnalyzedStep& route = Add(analysis, "route", {});
  route.set_kind(v1::STEP_KIND_DECISION);
  route.add_branches("wait");
  v1::AnalyzedStep& wait = Add(analysis, "wait", {"route"});
  wait.set_kind(v1::STEP_KIND_WAIT);
  wait.set_waits_for("signal go");
  wait.set_condition("context.x");
  v1::AnalyzedStep& sub = Add(analysis, "sub", {"wait"});
  sub.set_kind(v1::STEP_KIND_SUB_TASK);
  sub.set_sub_task("default.pay");
  sub.set_for_each("context.items");
  Add(analysis, "undo", {}).set_compensates("sub");
  Add(analysis, "alert", {}).set_on_failure(true);
  const Picture picture = PictureOf(analysis, CriticalBy::kAuto);
  EXPECT_EQ(picture.nodes[0].kind, NodeKind::kDecision);
  EXPECT_THAT(picture.nodes[0].notes, ElementsAre("decision"));
  EXPECT_THAT(picture.nodes[1].notes, ElementsAre("waits for signal go", "when context.x"));
  EXPECT_EQ(picture.nodes[2].kind, NodeKind::kSubTask);
  EXPECT_TRUE(picture.nodes[2].many);
  EXPECT_THAT(picture.nodes[2].notes, ElementsAre("runs default.pay", "for each context.items"));
  EXPECT_EQ(picture.nodes[3].kind, NodeKind::kUndo);
  EXPECT_EQ(picture.nodes[4].kind, NodeKind::kOnFailure);
  ASSERT_EQ(picture.edges.size(), 3u);
  EXPECT_EQ(picture.edges[0].kind, EdgeKind::kChoice);
  EXPECT_EQ(picture.edges[2].kind, EdgeKind::kUndo);
  EXPECT_THAT(CriticalOf(picture), ElementsAre("route", "wait", "sub"));
}

TEST(PictureOfTemplate, ForgivesCyclesAndStepsThatAreNotThere) {
  v1::TemplateAnalysis analysis;
  Add(analysis, "a", {"b", "a", "nowhere"});
  Add(analysis, "b", {"a"});
  EXPECT_EQ(PictureOf(analysis, CriticalBy::kAuto).edges.size(), 1u);
  EXPECT_THAT(PictureOf(v1::TemplateAnalysis(), CriticalBy::kAuto).nodes, IsEmpty());
}

// x waits ten seconds for a handler: what counts is from the end of `a` to its own.
TEST(PictureOfTask, MarksTheWayThatDeterminedTheEnd) {
  const v1::Task task = MakeTask(
      v1::TASK_STATE_COMPLETE,
      {StepBuilder("a", v1::STEP_STATE_COMPLETE).Ran(absl::Seconds(0), absl::Seconds(1)),
       StepBuilder("b", v1::STEP_STATE_COMPLETE, {"a"}).Ran(absl::Seconds(1), absl::Seconds(3)),
       StepBuilder("c", v1::STEP_STATE_COMPLETE, {"b"}).Ran(absl::Seconds(3), absl::Seconds(5)),
       StepBuilder("x", v1::STEP_STATE_COMPLETE, {"a"}).Ran(absl::Seconds(11), absl::Seconds(12))});
  EXPECT_THAT(CriticalOf(PictureOf(task, nullptr, CriticalBy::kAuto, Start())),
              ElementsAre("a", "x"));
  EXPECT_THAT(CriticalOf(PictureOf(task, nullptr, CriticalBy::kSteps, Start())),
              ElementsAre("a", "b", "c"));
}

TEST(PictureOfTask, TellsStatesAndTakesKindsFromTheTemplate) {
  v1::TemplateAnalysis analysis;
  Add(analysis, "a", {});
  Add(analysis, "wait", {"a"}).set_kind(v1::STEP_KIND_WAIT);
  analysis.mutable_steps(1)->set_waits_for("24h");
  const v1::Task task =
      MakeTask(v1::TASK_STATE_IN_PROGRESS, {StepBuilder("a", v1::STEP_STATE_COMPLETE)
                                                .Attempts(2)
                                                .Ran(absl::Seconds(0), absl::Seconds(1)),
                                            StepBuilder("wait", v1::STEP_STATE_IN_PROGRESS, {"a"}),
                                            StepBuilder("new", v1::STEP_STATE_PENDING, {"wait"})});
  const Picture picture = PictureOf(task, &analysis, CriticalBy::kAuto, Start());
  EXPECT_TRUE(picture.has_states());
  EXPECT_EQ(picture.subtitle, std::string("task ") + kTaskId + ": in_progress");
  EXPECT_EQ(picture.nodes[0].state, v1::STEP_STATE_COMPLETE);
  EXPECT_EQ(picture.nodes[0].state_note, "attempt 2, 1.0s");
  EXPECT_EQ(picture.nodes[1].kind, NodeKind::kWait);
  EXPECT_THAT(picture.nodes[1].notes, ElementsAre("waits 24h"));
  EXPECT_EQ(picture.nodes[2].kind, NodeKind::kHandler);
  EXPECT_THAT(CriticalOf(picture), ElementsAre("a", "wait", "new"));
}

}  // namespace
}  // namespace tasker::cli
