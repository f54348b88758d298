#include "service/events/subscriptions/subscriptions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/service/subscriptions_world.h"

namespace tasker::service {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SubscriptionsTest : public ::testing::Test {
 protected:
  static Subscriptions::Wanted Named(const std::string& name) {
    return SubscriptionsWorld::Named(name);
  }
  std::vector<std::string> NamesOfAll() {
    std::vector<std::string> names;
    for (const auto& each : world_.subscriptions->List()) names.push_back(each.subscription.name());
    return names;
  }

  SubscriptionsWorld world_;
};

TEST_F(SubscriptionsTest, MakesASubscriptionThatMissesNothingBeforeItsFirstConsumer) {
  Subscriptions::Wanted wanted = Named("s");
  wanted.start.Clear();
  world_.Happen({"a.before"});
  const auto made = world_.Create(wanted);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_FALSE(made->existing());
  EXPECT_GT(made->position().sequence(), 0u);
  world_.Happen({"a.1"});
  EXPECT_THAT(world_.Consume(Named("s"))->Await(1), ElementsAre("a.1"));
}

TEST_F(SubscriptionsTest, MakesItAgainWithoutEffect) {
  ASSERT_TRUE(world_.Create(Named("s")).ok());
  Subscriptions::Wanted again = Named("s");
  again.filter->add_categories("custom");
  const auto existing = world_.Create(again);
  ASSERT_TRUE(existing.ok());
  EXPECT_TRUE(existing->existing());
  again.filter->add_names("other");
  EXPECT_EQ(world_.Create(again).status().code(), StatusCode::kAlreadyExists);
}

TEST_F(SubscriptionsTest, MakesTheOneThatAConsumerWants) {
  world_.Happen({"a.1"});
  const auto consumer = world_.Consume(Named("s"));
  EXPECT_THAT(consumer->Await(1), ElementsAre("a.1"));
  EXPECT_THAT(NamesOfAll(), ElementsAre("s"));
}

TEST_F(SubscriptionsTest, RefusesAConsumerWithAnotherFilter) {
  ASSERT_TRUE(world_.Create(Named("s")).ok());
  Subscriptions::Wanted other = Named("s");
  other.filter->add_names("other");
  EXPECT_EQ(world_.Consume(other)->AwaitEnd().code(), StatusCode::kFailedPrecondition);
  other.filter.reset();
  EXPECT_THAT(world_.Consume(other)->AwaitId(), Not(IsEmpty()));
}

TEST_F(SubscriptionsTest, TellsOfItsSubscriptionsInTheLog) {
  Subscriptions::Wanted all = Named("all");
  all.filter.emplace().add_names("subscriber.*");
  const auto consumer = world_.Consume(all);
  consumer->AwaitId();
  ASSERT_TRUE(world_.Create(Named("s")).ok());
  ASSERT_TRUE(world_.Delete("s").ok());
  EXPECT_THAT(consumer->Await(3), ElementsAre("subscriber.registered", "subscriber.registered",
                                              "subscriber.unregistered"));
}

TEST_F(SubscriptionsTest, GoesOnBehindWhatWasAcknowledged) {
  world_.Happen({"a.1", "a.2", "a.3"});
  const auto first = world_.Consume(Named("s"));
  first->Await(3);
  const auto answer = world_.Acknowledge("s", first->CursorOf("a.2"), first->AwaitId());
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->cursor(), first->CursorOf("a.2"));
  EXPECT_GT(answer->position().sequence(), 0u);
  world_.subscriptions->Leave(first->number());
  const auto second = world_.Consume(Named("s"));
  EXPECT_THAT(second->Await(1), ElementsAre("a.3"));
  EXPECT_EQ(second->redelivered(), 1u);
}

TEST_F(SubscriptionsTest, GoesOnBehindWhatWasAcknowledgedAfterARestart) {
  world_.Happen({"a.1", "a.2", "a.3"});
  const auto first = world_.Consume(Named("s"));
  first->Await(3);
  ASSERT_TRUE(world_.Acknowledge("s", first->CursorOf("a.1"), first->AwaitId()).ok());
  world_.Restart();
  const auto second = world_.Consume(Named("s"));
  EXPECT_THAT(second->Await(2), ElementsAre("a.2", "a.3"));
  EXPECT_EQ(second->redelivered(), 2u);
}

TEST_F(SubscriptionsTest, AcknowledgesAgainAndSaysSo) {
  world_.Happen({"a.1"});
  const auto consumer = world_.Consume(Named("s"));
  consumer->Await(1);
  const std::string cursor = consumer->CursorOf("a.1");
  ASSERT_TRUE(world_.Acknowledge("s", cursor, consumer->AwaitId()).ok());
  const auto again = world_.Acknowledge("s", cursor, consumer->AwaitId());
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(again->has_position());
  EXPECT_TRUE(world_.Acknowledge("s", cursor).ok());
}

TEST_F(SubscriptionsTest, RefusesWhatCannotBeAcknowledged) {
  EXPECT_EQ(world_.Acknowledge("s", "0-1").status().code(), StatusCode::kNotFound);
  world_.Happen({"a.1"});
  const auto consumer = world_.Consume(Named("s"));
  consumer->Await(1);
  EXPECT_EQ(world_.Acknowledge("s", "nonsense").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(world_.Acknowledge("s", "7-1").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(world_.Acknowledge("s", "0-999", consumer->AwaitId()).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(world_.Acknowledge("s", "0-999").status().code(), StatusCode::kInvalidArgument);
}

TEST_F(SubscriptionsTest, RefusesAnAcknowledgementOfAConsumerThatIsGone) {
  world_.Happen({"a.1"});
  const auto consumer = world_.Consume(Named("s"));
  consumer->Await(1);
  world_.subscriptions->Leave(consumer->number());
  const std::string cursor = consumer->CursorOf("a.1");
  for (const std::string& id : {consumer->AwaitId(), std::string("never-was")}) {
    EXPECT_EQ(world_.Acknowledge("s", cursor, id).status().code(), StatusCode::kAborted);
  }
  // Who has no name acknowledges for all.
  EXPECT_TRUE(world_.Acknowledge("s", cursor).ok());
}

TEST_F(SubscriptionsTest, AcknowledgesForTheOnlyConsumerInTheOrderOfItsSending) {
  world_.Happen({"a.1", "b.1"});
  const auto a = world_.Consume(Named("s"), 1);
  a->Await(1);
  const auto b = world_.Consume(Named("s"), 1);
  b->Await(1);
  world_.subscriptions->Leave(a->number());
  ASSERT_TRUE(world_.Acknowledge("s", b->CursorOf("b.1")).ok());
  EXPECT_THAT(b->Await(2), ElementsAre("b.1", "a.1"));
  // It was acknowledged already, and a.1 came after it.
  ASSERT_TRUE(world_.Acknowledge("s", b->CursorOf("b.1")).ok());
  EXPECT_EQ(world_.subscriptions->Get("s")->unacknowledged_events(), 1u);
}

TEST_F(SubscriptionsTest, AcknowledgesUpToAPlaceWhereThereAreSeveralConsumers) {
  world_.Happen({"a.1", "b.1"});
  const auto a = world_.Consume(Named("s"), 1);
  a->Await(1);
  const auto b = world_.Consume(Named("s"), 1);
  b->Await(1);
  const auto answer = world_.Acknowledge("s", b->CursorOf("b.1"));
  ASSERT_TRUE(answer.ok()) << answer.status();
  // Or further, over what does not match.
  EXPECT_GE(*EventCursor::Parse(answer->cursor()), *EventCursor::Parse(b->CursorOf("b.1")));
  EXPECT_EQ(world_.subscriptions->Get("s")->unacknowledged_events(), 0u);
}

TEST_F(SubscriptionsTest, HandsOnWhatAConsumerHadThatLeaves) {
  world_.Happen({"a.1", "a.2", "b.1"});
  const auto a = world_.Consume(Named("s"));
  EXPECT_THAT(a->Await(3), ElementsAre("a.1", "a.2", "b.1"));
  const auto b = world_.Consume(Named("s"));
  b->AwaitId();
  world_.Happen({"a.3"});
  a->Await(4);
  world_.subscriptions->Leave(a->number());
  EXPECT_THAT(b->Await(4), ElementsAre("a.1", "a.2", "b.1", "a.3"));
  EXPECT_EQ(b->redelivered(), 4u);
  EXPECT_EQ(world_.subscriptions->Get("s")->redelivered_events(), 4u);
}

TEST_F(SubscriptionsTest, EndsAConsumerThatAcknowledgesNothingWhileOthersCould) {
  Subscriptions::Wanted wanted = Named("s");
  wanted.ack_timeout_us = 100'000;
  world_.Happen({"a.1"});
  const auto idle = world_.Consume(wanted);
  idle->Await(1);
  const auto other = world_.Consume(wanted);
  EXPECT_EQ(idle->AwaitEnd().code(), StatusCode::kAborted);
  EXPECT_THAT(other->Await(1), ElementsAre("a.1"));
}

TEST_F(SubscriptionsTest, ReadsNothingWithoutConsumers) {
  ASSERT_TRUE(world_.Create(Named("s")).ok());
  world_.Happen({"a.1"});
  EXPECT_EQ(world_.hub->subscribers(), 0u);
  EXPECT_EQ(world_.subscriptions->Get("s")->unacknowledged_events(), 0u);
}

TEST_F(SubscriptionsTest, TakesNoMoreThanItsConsumersMayHold) {
  const auto consumer = world_.Consume(Named("s"), 3);
  consumer->AwaitId();
  for (int i = 0; i < 10; ++i) world_.Happen({"a.1"});
  consumer->Await(3);
  world_.AwaitState("s", [](const auto& s) { return s.unacknowledged_events() == 3; });
  ASSERT_TRUE(world_.Acknowledge("s", consumer->cursor(), consumer->AwaitId()).ok());
  EXPECT_EQ(consumer->Await(6).size(), 6u);
}

TEST_F(SubscriptionsTest, LetsAStuckConsumerHoldUpNobody) {
  world_.Happen({"a.1"});
  const auto stuck = world_.Consume(Named("s"));
  stuck->Await(1);
  stuck->Stick();
  world_.Happen({"a.2"});
  stuck->Await(2);
  const auto other = world_.Consume(Named("s"));
  other->AwaitId();
  world_.Happen({"a.3", "b.1", "c.1"});
  EXPECT_THAT(other->Await(2), ElementsAre("b.1", "c.1"));
}

TEST_F(SubscriptionsTest, SendsASignOfLifeToAQuietConsumer) {
  world_.heartbeat = std::chrono::milliseconds(100);
  world_.Happen({"a.1"});
  const auto consumer = world_.Consume(Named("s"));
  consumer->Await(1);
  consumer->AwaitResponses(4);
  // Acknowledging it acknowledges what came before.
  ASSERT_TRUE(world_.Acknowledge("s", consumer->cursor(), consumer->AwaitId()).ok());
  EXPECT_EQ(world_.subscriptions->Get("s")->unacknowledged_events(), 0u);
}

TEST_F(SubscriptionsTest, EndsItsConsumersWhenItIsDeleted) {
  const auto consumer = world_.Consume(Named("s"));
  consumer->AwaitId();
  ASSERT_TRUE(world_.Delete("s").ok());
  EXPECT_EQ(consumer->AwaitEnd().code(), StatusCode::kAborted);
  EXPECT_EQ(world_.Delete("s").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(world_.subscriptions->Get("s").status().code(), StatusCode::kNotFound);
  world_.Restart();
  EXPECT_THAT(NamesOfAll(), IsEmpty());
}

TEST_F(SubscriptionsTest, GoesBackWhenItIsReset) {
  world_.Happen({"a.1", "a.2"});
  const auto consumer = world_.Consume(Named("s"));
  consumer->Await(2);
  ASSERT_TRUE(world_.Acknowledge("s", consumer->CursorOf("a.2"), consumer->AwaitId()).ok());
  v1::EventStart earliest;
  earliest.set_from_earliest(true);
  const auto reset = world_.Reset("s", earliest);
  ASSERT_TRUE(reset.ok()) << reset.status();
  EXPECT_EQ(consumer->AwaitEnd().code(), StatusCode::kAborted);
  EXPECT_EQ(world_.Acknowledge("s", consumer->CursorOf("a.1"), consumer->AwaitId()).status().code(),
            StatusCode::kAborted);
  const auto again = world_.Consume(Named("s"));
  EXPECT_THAT(again->Await(2), ElementsAre("a.1", "a.2"));
  EXPECT_EQ(again->redelivered(), 2u);
  world_.Restart();
  EXPECT_THAT(world_.Consume(Named("s"))->Await(2), ElementsAre("a.1", "a.2"));
}

TEST_F(SubscriptionsTest, GoesForwardWhenItIsReset) {
  world_.Happen({"a.1", "a.2"});
  ASSERT_TRUE(world_.Create(Named("s")).ok());
  ASSERT_TRUE(world_.Reset("s", {}).ok());
  world_.Happen({"a.3"});
  EXPECT_THAT(world_.Consume(Named("s"))->Await(1), ElementsAre("a.3"));
  EXPECT_EQ(world_.Reset("other", {}).status().code(), StatusCode::kNotFound);
  v1::EventStart nonsense;
  nonsense.set_after_cursor("x");
  EXPECT_EQ(world_.Reset("s", nonsense).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(SubscriptionsTest, SaysThatRetentionWasFasterAndIsMendedByAReset) {
  world_.Happen({"a.1"});
  world_.Happen({"a.2"});
  ASSERT_TRUE(world_.Create(Named("s")).ok());
  storage::v1::EventFloorsRecord floors;
  floors.add_floors()->set_sequence(1);
  world_.log->SetFloors(floors);
  const absl::Status why = world_.Consume(Named("s"))->AwaitEnd();
  EXPECT_EQ(why.code(), StatusCode::kOutOfRange);
  EXPECT_THAT(std::string(why.message()), HasSubstr("the earliest cursor is 0-1"));
  EXPECT_THAT(world_.subscriptions->Get("s")->blocked(), HasSubstr("retention"));
  EXPECT_EQ(world_.subscriptions->List().front().overtaken, 1u);
  v1::EventStart earliest;
  earliest.set_from_earliest(true);
  ASSERT_TRUE(world_.Reset("s", earliest).ok());
  EXPECT_THAT(world_.subscriptions->Get("s")->blocked(), IsEmpty());
  EXPECT_THAT(world_.Consume(Named("s"))->Await(1), ElementsAre("a.2"));
}

TEST_F(SubscriptionsTest, ShowsHowFarItIsBehind) {
  world_.Happen({"a.1", "b.1", "c.1"});
  ASSERT_TRUE(world_.Create(Named("s")).ok());
  const auto behind = world_.subscriptions->Get("s");
  // With that of its own making.
  EXPECT_EQ(behind->lag_events(), 4u);
  EXPECT_GT(behind->lag_time().seconds(), 0);
  const auto consumer = world_.Consume(Named("s"));
  consumer->Await(3);
  EXPECT_EQ(world_.subscriptions->Get("s")->consumers_size(), 1);
  ASSERT_TRUE(world_.Acknowledge("s", consumer->cursor(), consumer->AwaitId()).ok());
  const auto caught_up = world_.subscriptions->Get("s");
  EXPECT_EQ(caught_up->lag_events(), 0u);
  EXPECT_FALSE(caught_up->has_lag_time());
  EXPECT_EQ(caught_up->acknowledged_events(), 3u);
  EXPECT_EQ(caught_up->consumers(0).acknowledged_events(), 3u);
}

TEST_F(SubscriptionsTest, EndsConsumersWhenTheServiceStops) {
  const auto consumer = world_.Consume(Named("s"));
  consumer->AwaitId();
  world_.subscriptions->Drain();
  EXPECT_EQ(consumer->AwaitEnd().code(), StatusCode::kUnavailable);
  EXPECT_EQ(world_.Create(Named("t")).status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(world_.Consume(Named("s"))->AwaitEnd().code(), StatusCode::kUnavailable);
}

TEST_F(SubscriptionsTest, AnswersAnAcknowledgementThatCannotBeStoredWithAnError) {
  world_.Happen({"a.1", "a.2"});
  const auto consumer = world_.Consume(Named("s"));
  consumer->Await(2);
  world_.store.Inject({storage::CommitOutcome::kFailed, false});
  const auto failed = world_.Acknowledge("s", consumer->CursorOf("a.1"), consumer->AwaitId());
  EXPECT_EQ(failed.status().code(), StatusCode::kUnavailable);
  // It was not stored, so it is not merely repeated.
  absl::StatusOr<v1::AcknowledgeResponse> again = absl::UnavailableError("");
  while (absl::IsUnavailable(again.status())) {
    again = world_.Acknowledge("s", consumer->CursorOf("a.1"), consumer->AwaitId());
  }
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->has_position());
  world_.Restart();
  EXPECT_THAT(world_.Consume(Named("s"))->Await(1), ElementsAre("a.2"));
}

TEST_F(SubscriptionsTest, KeepsWhatTheStoreKeepsAfterAChangeInDoubt) {
  ASSERT_TRUE(world_.Create(Named("kept")).ok());
  for (const bool written : {true, false}) {
    // The commit after it fails, so that the store is taken up anew.
    world_.store.Inject({storage::CommitOutcome::kInDoubt, written});
    if (written) world_.store.Inject({storage::CommitOutcome::kFailed, false});
    const std::string name = written ? "written" : "not-written";
    const auto made = world_.Create(Named(name));
    EXPECT_EQ(made.ok(), written) << made.status();
  }
  world_.Restart();
  EXPECT_THAT(NamesOfAll(), ElementsAre("kept", "written"));
}

TEST_F(SubscriptionsTest, GoesOnAfterTheStoreWasTakenUpAnew) {
  world_.Happen({"a.1"});
  const auto consumer = world_.Consume(Named("s"));
  consumer->Await(1);
  world_.store.Inject({storage::CommitOutcome::kFailed, false});
  EXPECT_FALSE(world_.Create(Named("t")).ok());
  while (!world_.Create(Named("t")).ok()) {
  }
  world_.Happen({"a.2"});
  EXPECT_THAT(consumer->Await(2), ElementsAre("a.1", "a.2"));
  EXPECT_TRUE(world_.Acknowledge("s", consumer->CursorOf("a.2"), consumer->AwaitId()).ok());
}

}  // namespace
}  // namespace tasker::service
