// Tasks that a task handler validates and initialises.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/initialized_template.h"
#include "engine/model/error_classes.h"
#include "tests/engine/engine_world.h"

namespace tasker::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// Takes every context but `"no"`, and stores something else than it gives.
class Rules final : public ContextRules {
 public:
  absl::StatusOr<AcceptedContext> Accept(const Payload& context) const override {
    if (View(context) == R"("no")") return absl::InvalidArgumentError("no is not an object");
    return AcceptedContext{context, MakePayload(R"({"stored":1})")};
  }
};

TaskTemplatePtr Initialized(const char* yaml) {
  return config::WithInitializer(*FromYaml(yaml), std::make_shared<Rules>());
}

constexpr char kTwoRoots[] = R"(
step_templates:
  - {name: a, handler_class: H}
  - {name: b, handler_class: H}
  - {name: c, handler_class: H, depends_on_steps: [a, b]}
  - {name: sorry, handler_class: H, on_failure: true}
)";

class Initialize : public ::testing::Test {
 protected:
  void SetUp() override {
    world_.Connect(1, 100, {{"H", "", "", 0}, {TaskHandlerRoute("T"), "", "", 0}});
    ASSERT_TRUE(world_.Create(1, Initialized(kTwoRoots), R"({"given":1})").ok());
    first_ = world_.TakeOne();
  }

  EngineWorld world_;
  Assignment first_;
};

TEST_F(Initialize, ComesBeforeEveryStepAndGivesTheContext) {
  EXPECT_EQ(EngineWorld::NameOf(first_), "@initialize");
  ASSERT_TRUE(first_.request.has_value());
  world_.Complete(first_, R"({"more":2})");
  const std::vector<Assignment> next = world_.TakeAssignments();
  ASSERT_EQ(next.size(), 2u);
  EXPECT_EQ(View(next[0].context), R"({"more":2})");
  EXPECT_THAT(next[0].dependencies, IsEmpty());
  EXPECT_EQ(world_.rows().contexts.at(MakeTaskId(1)), R"({"stored":1})");
  EXPECT_EQ(world_.ResultsOf(1, "@initialize"), "{}");
  for (const Assignment& each : next) world_.Complete(each);
  world_.Complete(world_.TakeOne());
  EXPECT_EQ(world_.StateOf(1), TaskState::kComplete);
}

TEST_F(Initialize, IsKnownAfterARestart) {
  EXPECT_TRUE(world_.rows().tasks.at(MakeTaskId(1)).initialized());
  world_.Complete(first_, "{}");
  EXPECT_THAT(world_.TakeNames(), UnorderedElementsAre("a", "b"));
  world_.Restart();
  EXPECT_EQ(world_.StateOf(1, "@initialize"), StepState::kComplete);
}

TEST_F(Initialize, RefusesByAPermanentFailureAndWhatComesAfterFailuresRuns) {
  v1::Failure refused = MakeFailure("no such order");
  refused.set_retryable(false);
  world_.Fail(first_, refused);
  EXPECT_THAT(world_.TakeNames(), ElementsAre("sorry"));
  EXPECT_EQ(world_.StateOf(1, "a"), StepState::kPending);
}

TEST_F(Initialize, IsTriedAgainAfterATechnicalFailure) {
  world_.Fail(first_);
  world_.Advance(std::chrono::seconds(1));
  EXPECT_THAT(world_.TakeNames(), ElementsAre("@initialize"));
}

TEST_F(Initialize, FailsForGoodWithAContextThatIsNotAllowed) {
  world_.Complete(first_, R"("no")");
  EXPECT_EQ(world_.StepOf(1, "@initialize").last_failure().error_class(), kInvalidContext);
  EXPECT_EQ(world_.StateOf(1, "@initialize"), StepState::kError);
}

TEST(InitializeRepair, ResolvedByAnOperatorLetsTheTaskGoOnWithWhatItHas) {
  EngineWorld world;
  world.Connect(1, 100, {{"H", "", "", 0}, {TaskHandlerRoute("T"), "", "", 0}});
  ASSERT_TRUE(
      world.Create(1, Initialized("step_templates: [{name: a, handler_class: H}]"), "{\"given\":1}")
          .ok());
  v1::Failure refused = MakeFailure("no");
  refused.set_retryable(false);
  world.Fail(world.TakeOne(), refused);
  ASSERT_EQ(world.StateOf(1), TaskState::kError);
  ASSERT_TRUE(world.Repair(1, "@initialize", RepairStep::Action::kResolve, "{}").ok());
  EXPECT_EQ(View(world.TakeOne().context), "{\"given\":1}");
}

TEST(InitializeRoute, IsNoneOfAStepHandlerOfTheSameName) {
  EngineWorld world;
  world.Connect(1, 100, {{"H", "", "", 0}, {"T", "", "", 0}});
  ASSERT_TRUE(world.Create(1, Initialized(kTwoRoots)).ok());
  EXPECT_THAT(world.TakeNames(), IsEmpty());
}

}  // namespace
}  // namespace tasker::engine
