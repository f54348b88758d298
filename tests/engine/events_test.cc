// What events tell beside their names, and which may be published.
#include "absl/strings/escaping.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/events/event_names.h"
#include "engine/events/event_records.h"
#include "engine/model/error_classes.h"
#include "tests/engine/engine_world.h"

namespace tasker::engine {
namespace {

using storage::v1::EventRecord;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kTrace[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

std::vector<EventRecord> Of(const EngineWorld& world, std::string_view name) {
  std::vector<EventRecord> found;
  for (const EventRecord& event : world.events()) {
    if (event.name() == name) found.push_back(event);
  }
  return found;
}

std::vector<EventRecord> Ready(const EngineWorld& world) {
  return Of(world, event_names::kWorkflowViableStepsDiscovered);
}

TEST(TaskEvents, CarryPriorityTagsAndTrace) {
  EngineWorld world;
  CreateTask command{.task = MakeTaskId(1),
                     .task_template = MakeTemplate({{"a"}}),
                     .context = MakePayload("{}"),
                     .origin = {"me", "", "", {"eu", "vip"}, kTrace, ""}};
  command.priority = Priority::kHigh;
  world.Connect(1);
  ASSERT_TRUE(world.Apply(command).ok());
  world.Complete(world.TakeOne());
  for (const EventRecord& event : world.events()) {
    if (event.task_id().empty()) {
      EXPECT_EQ(event.priority_plus_one(), 0u) << event.name();
      continue;
    }
    EXPECT_EQ(event.priority_plus_one(), 8u) << event.name();
    EXPECT_THAT(event.tags(), ElementsAre("eu", "vip")) << event.name();
    EXPECT_EQ(absl::BytesToHexString(event.trace_id()), "4bf92f3577b34da6a3ce929d0e0e4736");
  }
}

TEST(TraceIdOf, IsTakenOfWellFormedOnesAlone) {
  EXPECT_THAT(TraceIdOf(kTrace), SizeIs(16));
  for (const char* wrong :
       {"", "00-1-2-01", "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736"}) {
    EXPECT_EQ(TraceIdOf(wrong), "") << wrong;
  }
}

TEST(ReadySteps, OfOneCommandAreToldOfTogether) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a"}, {"b"}, {"c", {"a"}}, {"d", {"a"}}})).ok());
  ASSERT_THAT(Ready(world), SizeIs(1));
  EXPECT_THAT(Ready(world)[0].ready_steps_plus_one(), ElementsAre(1, 2));
  EXPECT_EQ(Ready(world)[0].ready_steps(), 2u);
  EXPECT_FALSE(Ready(world)[0].sequential());
  const std::vector<Assignment> first = world.TakeAssignments();
  world.Complete(first[0]);
  ASSERT_THAT(Ready(world), SizeIs(2));
  EXPECT_THAT(Ready(world)[1].ready_steps_plus_one(), ElementsAre(3, 4));
  world.Complete(first[1]);
  EXPECT_THAT(Ready(world), SizeIs(2));
}

TEST(ReadySteps, AreToldOfOneByOneIfTheyRunOneByOne) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a"}, {"b"}}, false)).ok());
  ASSERT_THAT(Ready(world), SizeIs(1));
  EXPECT_THAT(Ready(world)[0].ready_steps_plus_one(), ElementsAre(1));
  EXPECT_TRUE(Ready(world)[0].sequential());
  world.Complete(world.TakeOne());
  ASSERT_THAT(Ready(world), SizeIs(2));
  EXPECT_THAT(Ready(world)[1].ready_steps_plus_one(), ElementsAre(2));
}

TEST(ReadySteps, AreToldOfAgainWhenTheyAreTriedAgain) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a"}})).ok());
  world.Fail(world.TakeOne());
  EXPECT_THAT(Ready(world), SizeIs(1));
  world.Advance(std::chrono::seconds(1));
  EXPECT_THAT(Ready(world), SizeIs(2));
}

TEST(ReadySteps, AreToldOfBehindWhatMadeThemReady) {
  EngineWorld world;
  // Both steps are the engine's own, and one command goes through both.
  ASSERT_TRUE(world
                  .Create(1,
                          FromYaml("step_templates:\n"
                                   "  - {name: a, handler_class: H, for_each: {items: context.x}}\n"
                                   "  - {name: b, handler_class: H, for_each: {items: context.x}, "
                                   "depends_on_step: a}\n"),
                          R"({"x":[]})")
                  .ok());
  EXPECT_THAT(world.EventNames(),
              ElementsAre("task.initialize_requested", "workflow.viable_steps_discovered",
                          "task.start_requested", "step.execution_requested:a", "step.completed:a",
                          "workflow.viable_steps_discovered", "step.execution_requested:b",
                          "step.completed:b", "task.completed"));
}

TEST(ReadySteps, AreNamedUpToAThousandAndAllCounted) {
  std::vector<StepSketch> steps;
  for (int i = 0; i < 1500; ++i) steps.push_back({"s" + std::to_string(i)});
  EngineWorld world;
  ASSERT_TRUE(world.Create(1, MakeTemplate(std::move(steps))).ok());
  ASSERT_THAT(Ready(world), SizeIs(1));
  EXPECT_EQ(Ready(world)[0].ready_steps(), 1500u);
  EXPECT_THAT(Ready(world)[0].ready_steps_plus_one(), SizeIs(1000));
}

TEST(Backoff, IsToldOfWithTheCurveThatItFollows) {
  EngineWorld world;
  world.Connect(1);
  ASSERT_TRUE(world.Create(1, MakeTemplate({{"a"}})).ok());
  world.Fail(world.TakeOne());
  const EventRecord first = Of(world, event_names::kStepBackoff).at(0);
  EXPECT_EQ(first.backoff_us(), 1'000'000);
  EXPECT_EQ(first.base_delay_us(), 1'000'000);
  EXPECT_EQ(first.multiplier(), 2.0);
  EXPECT_EQ(first.jitter(), 0.0);
  world.Advance(std::chrono::seconds(1));
  v1::Failure failure = MakeFailure();
  failure.mutable_retry_after()->set_seconds(7);
  world.Fail(world.TakeOne(), failure);
  const EventRecord second = Of(world, event_names::kStepBackoff).at(1);
  EXPECT_TRUE(second.server_requested());
  EXPECT_EQ(second.base_delay_us(), 0);
}

// A step `charge` that declares `order.paid`, and a template that declares `custom.audited`.
TaskTemplatePtr Declaring() {
  return FromYaml(
      "custom_events: [{name: shop.audited}]\n"
      "step_templates:\n"
      "  - name: charge\n"
      "    handler_class: H\n"
      "    default_retry_limit: 1\n"
      "    custom_events:\n"
      "      - {name: order.paid, schema: {type: object, required: [amount], properties: "
      "{amount: {type: number}}}}\n"
      "  - {name: mail, handler_class: H, depends_on_step: charge}\n");
}

std::vector<PublishedEvent> One(std::string name, std::string payload = "{}") {
  return {{std::move(name), MakePayload(std::move(payload))}};
}

PartitionSettings OnlyDeclared() {
  PartitionSettings settings = EngineWorld::DefaultSettings();
  settings.only_declared_events = true;
  return settings;
}

// A world with a task of it whose first step is at a handler.
struct DeclaredEventsTest : testing::Test {
  explicit DeclaredEventsTest(PartitionSettings settings = EngineWorld::DefaultSettings())
      : world(std::move(settings)) {
    world.Connect(1);
    EXPECT_TRUE(world.Create(1, Declaring()).ok());
    attempt = world.TakeOne();
  }

  void Complete(std::vector<PublishedEvent> events) {
    CompleteAttempt result{attempt.session, attempt.token, MakePayload("{}"), std::move(events)};
    ASSERT_TRUE(world.Apply(std::move(result)).ok());
  }
  std::string Failure() {
    const v1::Failure& failure = world.StepOf(1, "charge").last_failure();
    return failure.error_class() + ": " + failure.message();
  }

  EngineWorld world;
  Assignment attempt;
};

struct OnlyDeclaredEventsTest : DeclaredEventsTest {
  OnlyDeclaredEventsTest() : DeclaredEventsTest(OnlyDeclared()) {}
};

TEST_F(DeclaredEventsTest, ArePublishedIfTheyAreWhatTheStepDeclares) {
  Complete(One("order.paid", R"({"amount":7})"));
  EXPECT_EQ(world.StateOf(1, "charge"), StepState::kComplete);
  EXPECT_THAT(world.EventNames(), Contains("order.paid:charge"));
}

TEST_F(DeclaredEventsTest, FailTheAttemptIfTheyAreNot) {
  Complete(One("order.paid", R"({"amount":"7"})"));
  EXPECT_EQ(world.StateOf(1, "charge"), StepState::kError);
  EXPECT_THAT(Failure(), HasSubstr("Tasker::InvalidEvent: events[0].payload: is not what step "
                                   "`charge` declares of order.paid:\n  /amount: "));
  EXPECT_THAT(world.EventNames(), Not(Contains("order.paid:charge")));
}

TEST_F(DeclaredEventsTest, ReplaceTheFailureThatTheyCameWith) {
  ASSERT_TRUE(world
                  .Apply(FailAttempt{attempt.session, attempt.token, MakeFailure("declined"),
                                     One("order.paid")})
                  .ok());
  EXPECT_THAT(Failure(), HasSubstr("Tasker::InvalidEvent"));
}

TEST_F(DeclaredEventsTest, AreCheckedWhenAnAttemptIsDeferredAndWhenItIsEnded) {
  DeferAttempt defer{attempt.session, attempt.token, Duration::zero(), {}};
  ASSERT_TRUE(world.Apply(defer).ok());
  EndDeferred end{.task = attempt.token.task,
                  .token = attempt.token,
                  .outcome = MakePayload("{}"),
                  .events = One("order.paid"),
                  .actor = "ann"};
  const absl::Status refused = world.Apply(end);
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(world.StateOf(1, "charge"), StepState::kInProgress);
  end.events = One("order.paid", R"({"amount":7})");
  EXPECT_TRUE(world.Apply(end).ok());
  EXPECT_EQ(world.StateOf(1, "charge"), StepState::kComplete);
}

TEST_F(DeclaredEventsTest, OfOthersPassAsTheyAre) {
  Complete(One("order.shipped", R"({"any":1})"));
  EXPECT_THAT(world.EventNames(), Contains("order.shipped:charge"));
}

TEST_F(OnlyDeclaredEventsTest, RefuseThoseOfOthers) {
  Complete(One("order.shipped"));
  EXPECT_THAT(Failure(),
              HasSubstr("Tasker::InvalidEvent: events[0].name: step `charge` declares no event "
                        "order.shipped, and the service takes no others (its setting "
                        "events.undeclared); it declares order.paid, shop.audited"));
}

TEST_F(OnlyDeclaredEventsTest, TakeThoseOfTheTemplateAndOfTheService) {
  std::vector<PublishedEvent> events = One("shop.audited");
  events.push_back(One(event_names::kCustomStepCompleted)[0]);
  Complete(std::move(events));
  EXPECT_EQ(world.StateOf(1, "charge"), StepState::kComplete);
}

TEST_F(OnlyDeclaredEventsTest, OfATaskMayBePublishedAsAnyOfItsStepsDeclaresThem) {
  const auto publish = [&](std::vector<PublishedEvent> event) {
    return world.Apply(PublishTaskEvent{MakeTaskId(1), std::move(event[0])});
  };
  EXPECT_TRUE(publish(One("order.paid", R"({"amount":7})")).ok());
  EXPECT_TRUE(publish(One("shop.audited")).ok());
  const absl::Status broken = publish(One("order.paid"));
  EXPECT_EQ(broken.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(broken.message()), HasSubstr("event.payload: is not what default.t"));
  const absl::Status undeclared = publish(One("order.shipped"));
  EXPECT_EQ(undeclared.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(undeclared.message()), HasSubstr("it declares order.paid, shop.audited"));
}

}  // namespace
}  // namespace tasker::engine
