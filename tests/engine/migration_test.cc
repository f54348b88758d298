// Open tasks move to another version of their template: what can, how, and what cannot, and why.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/migration/move_plan.h"
#include "tests/engine/engine_world.h"

namespace tasker::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;

// Version N of the template `t`.
TaskTemplatePtr Version(int number, const std::string& steps, const std::string& more = "") {
  return FromYaml("version: " + std::to_string(number) + ".0.0\n" + more + "step_templates:\n" +
                  steps);
}

constexpr const char* kA = "  - {name: a, handler_class: H}\n";
constexpr const char* kAThenB =
    "  - {name: a, handler_class: H}\n  - {name: b, handler_class: H, depends_on_step: a}\n";

class MigrationTest : public ::testing::Test {
 protected:
  absl::Status Migrate(const TaskTemplatePtr& to, std::uint32_t task = 1) {
    return world_.Apply(MigrateTask{MakeTaskId(task), to, "ann", "the new way"});
  }
  // The plan of a move of task 1, as lines.
  std::string Plan(const TaskTemplatePtr& to) {
    const TaskRun& task = *world_.partition().Look(MakeTaskId(1));
    const MovePlan plan = PlanMove(VersionDiff(task.task_template, to), task, world_.now());
    if (!plan.can_move()) return "cannot: " + ToString(plan.obstacles);
    if (plan.changes.empty()) return "same";
    return "can: " + absl::StrJoin(plan.changes, "; ", [](auto* out, const VersionChange& change) {
             absl::StrAppend(out, change.step, change.step.empty() ? "" : " ", change.what);
             if (change.kind == VersionChange::Kind::kStepAdded) out->append("added");
             if (change.kind == VersionChange::Kind::kStepRemoved) out->append("removed");
           });
  }
  // Creates task 1 and does its steps as they come, until one called `until` is at a handler.
  Assignment RunUntil(const TaskTemplatePtr& from, const std::string& until,
                      const std::string& context = "{}") {
    world_.Connect(1);
    EXPECT_TRUE(world_.Create(1, from, context).ok());
    while (true) {
      const std::vector<Assignment> all = world_.TakeAssignments();
      EXPECT_THAT(all, Not(IsEmpty()));
      if (all.empty()) return {};
      for (const Assignment& each : all) {
        if (EngineWorld::NameOf(each) == until) return each;
        world_.Complete(each);
      }
    }
  }

  EngineWorld world_;
};

struct PlanCase {
  const char* what;
  // Steps of the old and the new version, and what the templates say beside.
  std::string before;
  std::string after;
  // The step that is at a handler, those before it being done; empty: nobody is there.
  const char* at = "";
  const char* plan = "";
  std::string more_before = "";
  std::string more_after = "";
};

class PlanTest : public MigrationTest, public ::testing::WithParamInterface<PlanCase> {};

TEST_P(PlanTest, SaysWhatAMoveWouldDo) {
  const PlanCase& each = GetParam();
  const TaskTemplatePtr from = Version(1, each.before, each.more_before);
  if (std::string(each.at).empty()) {
    ASSERT_TRUE(world_.Create(1, from, R"({"items": [1, 2]})").ok());
  } else {
    RunUntil(from, each.at, R"({"items": [1, 2]})");
  }
  const TaskTemplatePtr to = Version(2, each.after, each.more_after);
  EXPECT_EQ(Plan(to), each.plan);
  const absl::Status moved = Migrate(to);
  EXPECT_EQ(moved.ok(), !std::string(each.plan).starts_with("cannot")) << moved;
  if (!moved.ok()) {
    EXPECT_EQ(moved.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_FALSE(world_.last().NeedsCommit()) << "what is refused changes nothing";
    EXPECT_THAT(std::string(moved.message()),
                HasSubstr(std::string(each.plan).substr(std::string("cannot: ").size())));
  }
}

std::string Step(const std::string& name, const std::string& more = "") {
  return "  - {name: " + name + ", handler_class: H" + (more.empty() ? "" : ", " + more) + "}\n";
}
std::string Plain(const std::string& name, const std::string& more) {
  return "  - {name: " + name + ", " + more + "}\n";
}

INSTANTIATE_TEST_SUITE_P(
    Plans, PlanTest,
    ::testing::Values(
        PlanCase{"nothing", kAThenB, kAThenB, "", "same"},
        PlanCase{"a comment on a step", kA, Step("a", "description: new"), "", "same"},
        PlanCase{"settings of what is done", kAThenB,
                 Step("a", "default_retry_limit: 7") + Step("b", "depends_on_step: a"), "b",
                 "same"},
        PlanCase{"settings of what is to come", kAThenB,
                 Step("a") + Step("b", "depends_on_step: a, default_retry_limit: 7"), "a",
                 "can: b retry_limit: 3 -> 7"},
        PlanCase{"settings of what is under way", kA, Step("a", "handler_config: {x: 1}"), "a",
                 "can: a handler_config"},
        PlanCase{"another handler", kA, "  - {name: a, handler_class: K}\n", "a",
                 "can: a handler_class: H -> K"},
        PlanCase{"a step behind all", kA, kAThenB, "a", "can: b added"},
        PlanCase{"a step in front of what has not begun", kA,
                 Step("new") + Step("a", "depends_on_step: new"), "",
                 "can: new added; a depends on: none -> new"},
        PlanCase{"a step in front of what is under way", kA,
                 Step("new") + Step("a", "depends_on_step: new"), "a",
                 "cannot: step `a` is in_progress, and the new version wants `new` done before it"},
        PlanCase{"a step in front of what is done", kAThenB,
                 Step("new") + Step("a", "depends_on_step: new") + Step("b", "depends_on_step: a"),
                 "b",
                 "cannot: step `a` is complete, and the new version wants `new` done before it"},
        PlanCase{"a step between what is done and what is to come",
                 kAThenB + Step("c", "depends_on_step: b"),
                 kAThenB + Step("new", "depends_on_step: b") + Step("c", "depends_on_step: new"),
                 "b", "can: new added; c depends on: b -> new"},
        PlanCase{"without what has not begun", kAThenB, kA, "a", "can: b removed"},
        PlanCase{"without what is ready", kA + Step("b"), Step("b"), "", "can: a removed"},
        PlanCase{"without what is under way", kA + Step("b"), Step("b"), "a",
                 "cannot: step `a` is in_progress, and the new version has no such step"},
        PlanCase{"without what is done", kAThenB, Step("b"), "b",
                 "cannot: step `a` is complete, and the new version has no such step"},
        PlanCase{"another kind of what has not begun", kAThenB,
                 Step("a") + Plain("b", "wait: 1h, depends_on_step: a"), "a",
                 "can: b done by a handler -> a wait; b handler_class: H -> none"},
        PlanCase{
            "another kind of what is done", kAThenB,
            Plain("a", "wait: 1h") + Step("b", "depends_on_step: a"), "b",
            "cannot: step `a` is complete: it is done by a handler, in the new version a wait"},
        PlanCase{"another signal", Plain("w", "wait_for_signal: x"),
                 Plain("w", "wait_for_signal: y"), "",
                 "cannot: step `w` is in_progress: it is a wait for the signal `x`, in the new "
                 "version a wait for the signal `y`"},
        PlanCase{"a longer wait", Plain("w", "wait: 1h"), Plain("w", "wait: 2h"), "",
                 "can: w wait: 1h -> 2h"},
        PlanCase{"the same items by another name", Step("f", "for_each: context.items"),
                 Step("f", "for_each: 'context[\"items\"]'"), "f[0]", "can: f for_each.items"},
        PlanCase{"other items of a fan-out that has begun", Step("f", "for_each: context.items"),
                 Step("f", "for_each: context.others"), "f[0]",
                 "cannot: step `f` is in_progress: it has begun, and its items are others in the "
                 "new version"},
        PlanCase{"more items at a time",
                 Step("f", "for_each: {items: context.items, concurrency: 1}"),
                 Step("f", "for_each: {items: context.items, concurrency: 2}"), "f[0]",
                 "can: f for_each.concurrency: 1 -> 2"},
        PlanCase{"one at a time while two are under way", kA + Step("b"), kA + Step("b"), "a",
                 "cannot: `a`, `b` are ready or under way, and the new version runs one step at a "
                 "time",
                 "", "concurrent: false\n"},
        PlanCase{"all at a time", kA + Step("b"), kA + Step("b"), "a",
                 "can: concurrent: false -> true", "concurrent: false\n", ""},
        PlanCase{"a deadline to come", kA, kA, "", "can: deadline: none -> 1h", "",
                 "deadline: 1h\n"},
        PlanCase{"what undoes something done", kAThenB, kAThenB + Step("undo", "compensates: a"),
                 "b", "can: undo added"},
        PlanCase{"what undid becomes a step", kA + Step("undo", "compensates: a"),
                 kA + Step("undo"), "a",
                 "can: undo done by a handler that compensates `a` -> done by a handler"},
        PlanCase{"a condition of what is ready", kA, Step("a", "when: context.x == 1"), "",
                 "can: a when"}),
    [](const auto& each) {
      std::string name = each.param.what;
      for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
      return name;
    });

TEST_F(MigrationTest, GoesOnUnderTheNewVersionAndTellsOfIt) {
  const Assignment a = RunUntil(Version(1, kAThenB), "a");
  const auto to = Version(2, Step("first") + Step("b", "depends_on_steps: [a, first]") + kA);
  ASSERT_TRUE(Migrate(to).ok());
  EXPECT_THAT(world_.TakeNames(), ElementsAre("first"));
  const auto& event = world_.events()[world_.events().size() - 3];
  EXPECT_EQ(event.name(), "task.migrated");
  EXPECT_EQ(event.from_version() + " -> " + event.version(), "1.0.0 -> 2.0.0");
  EXPECT_EQ(event.reason(), "the new way");
  const auto& history = world_.rows().history.at(MakeTaskId(1));
  const auto moved = std::ranges::find_if(
      history, [](const auto& change) { return !change.from_version().empty(); });
  ASSERT_NE(moved, history.end());
  EXPECT_EQ(moved->actor(), "ann");
  EXPECT_EQ(moved->moves(), 1u);
  EXPECT_EQ(history.front().moves(), 0u);
  EXPECT_EQ(world_.rows().tasks.at(MakeTaskId(1)).version(), "2.0.0");
  EXPECT_EQ(world_.rows().tasks.at(MakeTaskId(1)).total_steps(), 3u);
  // Handed out under its old place, taken under the new one.
  world_.Complete(a, R"({"n": 1})");
  EXPECT_EQ(world_.ResultsOf(1, "a"), R"({"n": 1})");
  EXPECT_EQ(world_.StateOf(1, "b"), StepState::kPending);
}

TEST_F(MigrationTest, WhatAHandlerHasGoesOnOverMoveRestartAndReconnection) {
  const Assignment a = RunUntil(Version(1, kAThenB), "a");
  ASSERT_TRUE(Migrate(Version(2, Step("x", "depends_on_step: b") + kAThenB)).ok());
  ASSERT_TRUE(Migrate(Version(3, Step("y", "depends_on_step: b") + Step("x", "depends_on_step: b") +
                                     kAThenB))
                  .ok());
  world_.Restart();
  world_.Connect(2, 100, {{"H", "", "", 0}}, {a.token}, "instance-1");
  EXPECT_THAT(world_.last().registrations.at(0).stale, IsEmpty());
  EXPECT_THAT(world_.TakeNames(), IsEmpty());
  // Signs of life count as well.
  for (int i = 0; i < 10; ++i) {
    world_.Advance(20s);
    ASSERT_TRUE(world_.Apply(RenewLeases{SessionId{2}, {a.token}}).ok());
  }
  (void)world_.Apply(CompleteAttempt{SessionId{2}, a.token, MakePayload("{}")});
  EXPECT_EQ(world_.last().acknowledgements.at(0).outcome, ResultOutcome::kApplied);
  EXPECT_THAT(world_.TakeNames(), ElementsAre("b"));
  (void)world_.Apply(CompleteAttempt{SessionId{2}, a.token, MakePayload("{}")});
  EXPECT_EQ(world_.last().acknowledgements.at(0).outcome, ResultOutcome::kAlreadyApplied);
}

// Two steps change places, and both are at a handler.
TEST_F(MigrationTest, TokensOfStepsThatChangePlacesAreNotMixedUp) {
  world_.Connect(1);
  ASSERT_TRUE(world_.Create(1, Version(1, Step("a") + Step("b"))).ok());
  const std::vector<Assignment> held = world_.TakeAssignments();
  ASSERT_THAT(held, SizeIs(2));
  ASSERT_TRUE(Migrate(Version(2, Step("b") + Step("a"))).ok());
  EXPECT_EQ(world_.partition().InFlightOf(SessionId{1}), 2u);
  world_.Complete(held[0], R"({"of": "a"})");
  EXPECT_EQ(world_.ResultsOf(1, "a"), R"({"of": "a"})");
  EXPECT_EQ(world_.StateOf(1, "b"), StepState::kInProgress);
  ASSERT_TRUE(world_.Apply(CancelTask{MakeTaskId(1), "me", "enough"}).ok());
  EXPECT_EQ(world_.last().cancellations.at(0).token, held[1].token);
  EXPECT_EQ(world_.partition().InFlightOf(SessionId{1}), 0u);
  EXPECT_EQ(world_.StateOf(1), TaskState::kCancelled);
}

TEST_F(MigrationTest, TheOldTokenIsStaleOnceTheStepWasHandedOutAnew) {
  const Assignment a = RunUntil(Version(1, kA), "a");
  ASSERT_TRUE(Migrate(Version(2, Step("x") + kA)).ok());
  world_.TakeAssignments();
  world_.Fail(a);
  world_.Advance(1s);
  const Assignment again = world_.TakeOne();
  EXPECT_EQ(EngineWorld::NameOf(again), "a");
  EXPECT_NE(again.token.step, a.token.step);
  world_.Complete(a);
  EXPECT_EQ(world_.last().acknowledgements.at(0).outcome, ResultOutcome::kStale);
  world_.Complete(again);
  EXPECT_EQ(world_.StateOf(1, "a"), StepState::kComplete);
}

TEST_F(MigrationTest, LimitsCountWhatIsUnderWayInTheNewVersion) {
  world_.Connect(1);
  const Assignment a = RunUntil(Version(1, kA), "a");
  const auto to = Version(2, kA, "max_running_steps: 1\n");
  ASSERT_TRUE(Migrate(to).ok());
  ASSERT_TRUE(world_.Create(2, to).ok());
  EXPECT_THAT(world_.TakeNames(), IsEmpty());
  world_.Complete(a);
  EXPECT_EQ(world_.TakeOne().token.task, MakeTaskId(2));
}

TEST_F(MigrationTest, WhatIsReadyWaitsForHandlersOfTheNewVersion) {
  ASSERT_TRUE(world_.Create(1, Version(1, kA)).ok());
  ASSERT_TRUE(Migrate(Version(2, "  - {name: a, handler_class: K}\n")).ok());
  world_.Connect(1, 10, {{"H", "", "", 0}});
  EXPECT_THAT(world_.TakeNames(), IsEmpty());
  world_.Connect(2, 10, {{"K", "default", "2.0.0", 0}});
  EXPECT_THAT(world_.TakeNames(), ElementsAre("a"));
}

TEST_F(MigrationTest, ItemsKeepTheirPlacesInTheFanOut) {
  const auto fan = Step("f", "for_each: {items: context.items, concurrency: 2}");
  RunUntil(Version(1, fan), "f[0]", R"({"items": [1, 2, 3]})");
  const TaskRun& task = *world_.partition().Look(MakeTaskId(1));
  const AttemptToken first = task.TokenOf(StepIndex{1});
  const AttemptToken second = task.TokenOf(StepIndex{2});
  ASSERT_TRUE(Migrate(Version(2, Step("x", "depends_on_step: f") + fan)).ok());
  world_.Restart();
  world_.Connect(2, 10, {{"H", "", "", 0}}, {first, second}, "instance-1");
  for (const AttemptToken& token : {second, first}) {
    (void)world_.Apply(CompleteAttempt{SessionId{2}, token, MakePayload("{}")});
    EXPECT_EQ(world_.last().acknowledgements.at(0).outcome, ResultOutcome::kApplied);
  }
  const Assignment third = world_.TakeOne();
  EXPECT_EQ(EngineWorld::NameOf(third), "f[2]");
  (void)world_.Apply(CompleteAttempt{SessionId{2}, third.token, MakePayload("3")});
  EXPECT_EQ(world_.ResultsOf(1, "f"), "[{},{},3]");
  EXPECT_THAT(world_.TakeNames(), ElementsAre("x"));
}

TEST_F(MigrationTest, MoreItemsAreLetGoAtOnce) {
  const auto fan = [](int at_a_time) {
    return Step("f",
                "for_each: {items: context.items, concurrency: " + std::to_string(at_a_time) + "}");
  };
  RunUntil(Version(1, fan(1)), "f[0]", R"({"items": [1, 2, 3]})");
  ASSERT_TRUE(Migrate(Version(2, fan(3))).ok());
  EXPECT_THAT(world_.TakeNames(), ElementsAre("f[1]", "f[2]"));
}

TEST_F(MigrationTest, ASubTaskFindsItsStepWhereverThatStands) {
  const auto sub = Plain("s", "sub_task: {name: inner}");
  world_.Connect(1);
  ASSERT_TRUE(world_.Create(1, Version(1, sub)).ok());
  const SubTaskRequest request = world_.last().sub_tasks.at(0);
  ASSERT_TRUE(Migrate(Version(2, Step("x", "depends_on_step: s") + sub)).ok());
  // Created after the move, by the request from before it.
  ASSERT_TRUE(world_
                  .Apply(CreateTask{.task = request.sub_task,
                                    .task_template = MakeTemplate({{"only"}}),
                                    .context = request.context,
                                    .origin = request.origin,
                                    .parent = request.parent})
                  .ok());
  const Assignment only = world_.TakeOne();
  ASSERT_TRUE(
      Migrate(Version(3, Step("y", "depends_on_step: s") + Step("x", "depends_on_step: s") + sub))
          .ok());
  world_.Restart();
  world_.Connect(2, 10, {{"H", "", "", 0}}, {only.token}, "instance-1");
  (void)world_.Apply(CompleteAttempt{SessionId{2}, only.token, MakePayload("{}")});
  EXPECT_EQ(world_.StateOf(1, "s"), StepState::kComplete);
  EXPECT_THAT(world_.TakeNames(), ElementsAre("y", "x"));
}

TEST_F(MigrationTest, ASubTaskThatACrashHasLostIsAskedForAgain) {
  const auto sub = Plain("s", "sub_task: {name: inner}");
  ASSERT_TRUE(world_.Create(1, Version(1, sub)).ok());
  const TaskId wanted = world_.last().sub_tasks.at(0).sub_task;
  world_.Restart();
  ASSERT_TRUE(Migrate(Version(2, Step("x", "depends_on_step: s") + sub)).ok());
  ASSERT_TRUE(world_.Apply(FireTimers{}).ok());
  ASSERT_THAT(world_.last().sub_tasks, SizeIs(1));
  EXPECT_EQ(world_.last().sub_tasks[0].sub_task, wanted);
  EXPECT_EQ(world_.last().sub_tasks[0].parent.step.step, StepIndex{1});
}

TEST_F(MigrationTest, AWaitUnderWayEndsWhenTheNewVersionSays) {
  ASSERT_TRUE(world_.Create(1, Version(1, Plain("w", "wait: 1h"))).ok());
  ASSERT_TRUE(Migrate(Version(2, Step("x", "depends_on_step: w") + Plain("w", "wait: 3h"))).ok());
  world_.Advance(2h);
  EXPECT_EQ(world_.StateOf(1, "w"), StepState::kInProgress);
  world_.Restart();
  world_.Advance(1h);
  EXPECT_EQ(world_.StateOf(1, "w"), StepState::kComplete);
}

TEST_F(MigrationTest, ARetryThatIsPlannedComesAtItsTime) {
  world_.Fail(RunUntil(Version(1, kA), "a"));
  ASSERT_TRUE(Migrate(Version(2, Step("x", "depends_on_step: a") + kA)).ok());
  world_.Advance(1s);
  EXPECT_THAT(world_.TakeNames(), ElementsAre("a"));
}

TEST_F(MigrationTest, ARetryThatIsPlannedIsMadeThoughTheNewLimitIsLower) {
  const auto of = [](int version, int limit) {
    return Version(version, Step("a", "default_retry_limit: " + std::to_string(limit)));
  };
  world_.Fail(RunUntil(of(1, 5), "a"));
  world_.Advance(1s);
  world_.Fail(world_.TakeOne());
  ASSERT_TRUE(Migrate(of(2, 1)).ok());
  world_.Advance(2s);
  const Assignment last = world_.TakeOne();
  EXPECT_EQ(last.attempt, AttemptNumber{1});
  world_.Fail(last);
  EXPECT_EQ(world_.StateOf(1, "a"), StepState::kError);
}

TEST_F(MigrationTest, ADecisionThatIsDoneChoosesAmongTheNewBranchesToo) {
  const auto decides = Step("d", "type: decision");
  const auto branch = [](const std::string& name) { return Step(name, "depends_on_step: d"); };
  const Assignment d = RunUntil(Version(1, decides + branch("left") + branch("right")), "d");
  world_.Complete(d, R"({"create_steps": ["left"]})");
  EXPECT_THAT(world_.TakeNames(), ElementsAre("left"));
  ASSERT_TRUE(Migrate(Version(2, decides + branch("up") + branch("left") + branch("right") +
                                     Step("end", "depends_on_steps: [left, up]")))
                  .ok());
  EXPECT_THAT(world_.TakeNames(), IsEmpty());
  EXPECT_EQ(world_.StateOf(1, "up"), StepState::kSkipped);
  EXPECT_EQ(Plan(Version(3, decides + branch("right"))),
            "cannot: step `left` is in_progress, and the new version has no such step\n"
            "step `d` is complete, and by the new version the results choose `left`, which is none "
            "of the step's branches: `right`");
}

TEST_F(MigrationTest, ADeadlineIsMeasuredFromTheCreation) {
  ASSERT_TRUE(world_.Create(1, Version(1, kA, "deadline: 1h\n")).ok());
  ASSERT_TRUE(Migrate(Version(2, kA, "deadline: 3h\n")).ok());
  world_.Advance(2h);
  EXPECT_EQ(world_.StateOf(1), TaskState::kPending);
  EXPECT_THAT(Plan(Version(3, kA, "deadline: 30m\n")), HasSubstr("has passed"));
  world_.Advance(1h);
  EXPECT_EQ(world_.StateOf(1), TaskState::kError);
}

TEST_F(MigrationTest, AnAttemptIsNotEndedByATimeLimitThatItDidNotKnow) {
  const Assignment a = RunUntil(Version(1, kA), "a");
  world_.Advance(20s);
  const auto short_time = Version(2, Step("a", "timeouts: {start_to_close: 10s}"));
  EXPECT_THAT(Plan(short_time), HasSubstr("has taken longer already"));
  world_.Fail(a);
  EXPECT_TRUE(Migrate(short_time).ok());
}

TEST_F(MigrationTest, APausedTaskMovesAndStaysPaused) {
  world_.Connect(1);
  ASSERT_TRUE(world_.Create(1, Version(1, Plain("w", "wait_for_signal: go") + kA)).ok());
  world_.TakeAssignments();
  ASSERT_TRUE(world_.Apply(PauseTask{MakeTaskId(1), "me", "wait"}).ok());
  ASSERT_TRUE(Migrate(Version(2, Step("new") + Plain("w", "wait_for_signal: go") + kA)).ok());
  EXPECT_THAT(world_.TakeNames(), IsEmpty());
  world_.Restart();
  world_.Connect(1, 10, {{"H", "", "", 0}}, {}, "another");
  ASSERT_TRUE(world_.Apply(ResumeTask{MakeTaskId(1), "me", "go"}).ok());
  EXPECT_THAT(world_.TakeNames(), ElementsAre("new"));
}

TEST_F(MigrationTest, ATaskThatSleepsMovesAndSleepsOn) {
  PartitionSettings settings = EngineWorld::DefaultSettings();
  settings.task_memory_max = 1;
  EngineWorld world(settings);
  for (std::uint32_t task = 1; task <= 3; ++task) {
    ASSERT_TRUE(world.Create(task, Version(1, kA)).ok());
  }
  ASSERT_TRUE(
      world
          .Apply(MigrateTask{MakeTaskId(2), Version(2, Step("x") + Step("a", "depends_on_step: x")),
                             "ann", ""})
          .ok());
  EXPECT_TRUE(world.partition().IsAsleep(MakeTaskId(2)));
  world.Connect(1, 10);
  EXPECT_THAT(world.TakeNames(), ElementsAre("a", "a", "x"));
}

TEST_F(MigrationTest, FailedStepsStayFailedAndMayBeTriedAgain) {
  const auto two = Step("a", "default_retry_limit: 1") + Step("slow");
  world_.Connect(1);
  ASSERT_TRUE(world_.Create(1, Version(1, two)).ok());
  const std::vector<Assignment> held = world_.TakeAssignments();
  world_.Fail(held[0]);
  ASSERT_TRUE(
      Migrate(Version(2, Step("prepare") + Step("a", "depends_on_step: prepare") + Step("slow")))
          .ok());
  const Assignment prepare = world_.TakeOne();
  // Its turn comes once what the new version wants before it is done.
  ASSERT_TRUE(world_.Repair(1, "a", RepairStep::Action::kRetryAfresh).ok());
  EXPECT_EQ(world_.StateOf(1, "a"), StepState::kPending);
  world_.Complete(prepare);
  EXPECT_THAT(world_.TakeNames(), ElementsAre("a"));
}

TEST_F(MigrationTest, IsRefusedByName) {
  const auto one = Version(1, kA);
  EXPECT_TRUE(absl::IsNotFound(Migrate(one)));
  ASSERT_TRUE(world_.Create(1, one).ok());
  EXPECT_TRUE(Migrate(one).ok());
  EXPECT_FALSE(world_.last().NeedsCommit());
  EXPECT_TRUE(absl::IsInvalidArgument(Migrate(MakeTemplate({{"a"}}))));
  ASSERT_TRUE(world_.Apply(CancelTask{MakeTaskId(1), "me", "enough"}).ok());
  EXPECT_TRUE(absl::IsNotFound(Migrate(Version(2, kA))));
}

TEST_F(MigrationTest, NothingMovesWhileItIsUndone) {
  const auto saga = kAThenB + Step("undo", "compensates: a");
  const Assignment b = RunUntil(Version(1, saga), "b");
  v1::Failure failure = MakeFailure();
  failure.set_retryable(false);
  world_.Fail(b, failure);
  EXPECT_THAT(world_.TakeNames(), ElementsAre("undo"));
  EXPECT_EQ(Plan(Version(2, saga)), "cannot: the task failed, and what it did is being undone");
}

}  // namespace
}  // namespace tasker::engine
