#include "service/events/event_hub.h"

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/model/ids.h"
#include "storage/keys.h"
#include "storage/memory_store.h"

namespace tasker::service {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr storage::PartitionId kPartition{0};

// Takes responses as fast as it is let, and waits for events by number.
class Receiver final : public EventReceiver {
 public:
  void Send(v1::SubscribeResponse response) override {
    absl::MutexLock lock(&mutex_);
    for (const v1::Event& event : response.events()) {
      names_.push_back(event.name());
      ids_.push_back(event.event_id());
    }
    largest_ = std::max(largest_, response.events_size());
    cursor_ = response.cursor();
    ++responses_;
    if (hub_ != nullptr && !stuck_) hub_->Ready(id_);
  }
  void SendEncoded(const EncodedResponsePtr& response) override {
    {
      absl::MutexLock lock(&mutex_);
      encoded_ = response;
    }
    EventReceiver::SendEncoded(response);
  }
  void End(absl::Status why) override {
    absl::MutexLock lock(&mutex_);
    end_ = std::move(why);
  }

  void Start(EventHub* hub, EventFilter filter, EventCursor after, std::shared_ptr<Receiver> self,
             FeedOptions options = {}) {
    absl::MutexLock lock(&mutex_);
    hub_ = hub;
    id_ = hub->Subscribe(std::move(filter), after, std::move(self), options);
  }
  void Leave() {
    absl::MutexLock lock(&mutex_);
    hub_->Unsubscribe(id_);
  }
  void Stick() {
    absl::MutexLock lock(&mutex_);
    stuck_ = true;
  }
  void LetGo() {
    absl::MutexLock lock(&mutex_);
    stuck_ = false;
    hub_->Ready(id_);
  }

  std::vector<std::string> Await(std::size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto enough = [&] { return names_.size() >= count; };
    mutex_.Await(absl::Condition(&enough));
    return names_;
  }
  void AwaitResponses(int count) {
    absl::MutexLock lock(&mutex_);
    const auto enough = [&] { return responses_ >= count; };
    mutex_.Await(absl::Condition(&enough));
  }
  absl::Status AwaitEnd() {
    absl::MutexLock lock(&mutex_);
    const auto ended = [&] { return !end_.ok(); };
    mutex_.Await(absl::Condition(&ended));
    return end_;
  }
  // Waits until the newest response has that cursor.
  void AwaitCursor(const std::string& cursor) {
    absl::MutexLock lock(&mutex_);
    const auto there = [&] { return cursor_ == cursor; };
    mutex_.Await(absl::Condition(&there));
  }
  std::vector<std::string> ids() {
    absl::MutexLock lock(&mutex_);
    return ids_;
  }
  int largest() {
    absl::MutexLock lock(&mutex_);
    return largest_;
  }
  EncodedResponsePtr encoded() {
    absl::MutexLock lock(&mutex_);
    return encoded_;
  }
  std::string cursor() {
    absl::MutexLock lock(&mutex_);
    return cursor_;
  }

 private:
  absl::Mutex mutex_;
  EventHub* hub_ = nullptr;
  EventHub::SubscriptionId id_ = 0;
  bool stuck_ = false;
  int responses_ = 0;
  int largest_ = 0;
  std::vector<std::string> names_;
  std::vector<std::string> ids_;
  EncodedResponsePtr encoded_;
  std::string cursor_;
  absl::Status end_;
};

class EventHubTest : public ::testing::Test {
 protected:
  EventHubTest() { own_ = *store_.Acquire(kPartition); }

  using EventsPtr = std::shared_ptr<storage::v1::EventBatchRecord>;

  static EventsPtr Events(const std::vector<std::string>& names) {
    auto events = std::make_shared<storage::v1::EventBatchRecord>();
    for (const std::string& name : names) events->add_events()->set_name(name);
    return events;
  }

  void Commit(const storage::v1::EventBatchRecord& events) {
    own_.last_sequence = storage::Next(own_.last_sequence);
    storage::Batch batch;
    batch.Put(storage::Table::kEvents, storage::EventKey(kPartition, own_.last_sequence),
              events.SerializeAsString());
    ASSERT_TRUE(store_.Commit(kPartition, own_.epoch, own_.last_sequence, batch).detail.ok());
  }

  // Commits one event of each name and tells the hub.
  void Happen(const std::vector<std::string>& names) { Happen(Events(names)); }
  void Happen(EventsPtr events) {
    Commit(*events);
    hub_.Publish(own_.last_sequence, std::move(events));
  }

  std::shared_ptr<Receiver> Subscribe(EventCursor after, EventFilter filter = {},
                                      FeedOptions options = {}) {
    auto receiver = std::make_shared<Receiver>();
    receiver->Start(&hub_, std::move(filter), after, receiver, options);
    return receiver;
  }

  // Retention has removed events of no task up to there.
  void Remove(std::uint64_t sequence) {
    storage::v1::EventFloorsRecord floors;
    floors.add_floors()->set_sequence(sequence);
    log_.SetFloors(std::move(floors));
  }

  storage::MemoryStore store_;
  storage::Ownership own_;
  EventLog log_{&store_, kPartition, storage::Sequence{0}};
  EventHub hub_{&log_, nullptr};
};

constexpr EventCursor kEarliest{kPartition, storage::Sequence{0}};

EventFilter Names(const std::vector<std::string>& names) {
  v1::EventFilter filter;
  filter.mutable_names()->Assign(names.begin(), names.end());
  return *EventFilter::Make(filter);
}

TEST_F(EventHubTest, GreetsWithTheCursorItStartsFrom) {
  const auto receiver = Subscribe(kEarliest);
  receiver->AwaitResponses(1);
  EXPECT_EQ(receiver->cursor(), "0-0");
}

TEST_F(EventHubTest, BringsWhatWasAndWhatComesInOrder) {
  Happen({"a", "b"});
  const auto receiver = Subscribe(kEarliest);
  EXPECT_THAT(receiver->Await(2), ElementsAre("a", "b"));
  Happen({"c"});
  EXPECT_THAT(receiver->Await(3), ElementsAre("a", "b", "c"));
}

TEST_F(EventHubTest, StartsNowWhenAskedTo) {
  Happen({"a"});
  const auto receiver = Subscribe(log_.End());
  Happen({"b"});
  EXPECT_THAT(receiver->Await(1), ElementsAre("b"));
}

TEST_F(EventHubTest, GoesOnInTheMiddleOfACommit) {
  Happen({"a", "b", "c"});
  Happen({"d"});
  const auto receiver = Subscribe({kPartition, storage::Sequence{1}, 1});
  EXPECT_THAT(receiver->Await(2), ElementsAre("c", "d"));
  const auto at_the_end = Subscribe({kPartition, storage::Sequence{1}, 2});
  EXPECT_THAT(at_the_end->Await(1), ElementsAre("d"));
}

TEST_F(EventHubTest, PassesOverWhatDoesNotMatch) {
  v1::EventFilter only;
  only.add_names("wanted");
  const auto receiver = Subscribe(kEarliest, *EventFilter::Make(only));
  Happen({"other", "wanted", "other"});
  EXPECT_THAT(receiver->Await(1), ElementsAre("wanted"));
}

TEST_F(EventHubTest, BringsManyEventsInSeveralResponsesEachOnce) {
  for (int commit = 0; commit < 300; ++commit) Happen({"a", "b", "c"});
  const auto receiver = Subscribe(kEarliest);
  EXPECT_EQ(receiver->Await(900).size(), 900u);
}

TEST_F(EventHubTest, LetsAStuckReceiverHoldUpNobody) {
  const auto stuck = Subscribe(kEarliest);
  stuck->AwaitResponses(1);
  stuck->Stick();
  Happen({"first"});
  stuck->Await(1);
  const auto other = Subscribe(kEarliest);
  for (int i = 0; i < 50; ++i) Happen({"more"});
  EXPECT_EQ(other->Await(51).size(), 51u);
  EXPECT_EQ(stuck->Await(1).size(), 1u);
  stuck->LetGo();
  EXPECT_EQ(stuck->Await(51).size(), 51u);
}

TEST_F(EventHubTest, ReadsFromTheStoreWhatItNoLongerHolds) {
  for (int i = 0; i < 10; ++i) Happen({"a"});
  // A log that was made after all that happened has none of it in memory.
  EventLog later(&store_, kPartition, own_.last_sequence);
  EventHub hub(&later, nullptr);
  auto receiver = std::make_shared<Receiver>();
  receiver->Start(&hub, {}, {kPartition, storage::Sequence{4}}, receiver);
  EXPECT_EQ(receiver->Await(6).size(), 6u);
}

TEST_F(EventHubTest, BringsMirrorsRightBehindWhatIsStored) {
  const EventFilter both = Names({"step.completed", "workflow.step_completed"});
  const auto live = Subscribe(kEarliest, both);
  live->AwaitResponses(1);
  Happen({"a", "step.completed", "b", "step.completed"});
  const auto later = Subscribe(kEarliest, both);
  for (const auto& receiver : {live, later}) {
    EXPECT_THAT(receiver->Await(4), ElementsAre("step.completed", "workflow.step_completed",
                                                "step.completed", "workflow.step_completed"));
    EXPECT_THAT(receiver->ids(),
                ElementsAre("evt-0-1-1", "evt-0-1-1-1", "evt-0-1-3", "evt-0-1-3-1"));
  }
  const auto all = Subscribe(kEarliest);
  EXPECT_THAT(all->Await(4), ElementsAre("a", "step.completed", "b", "step.completed"));
}

TEST_F(EventHubTest, GoesOnBehindAFacet) {
  Happen({"step.completed", "step.completed"});
  const EventFilter both = Names({"step.completed", "workflow.*"});
  const auto behind_stored = Subscribe({kPartition, storage::Sequence{1}, 0, 0}, both);
  EXPECT_EQ(behind_stored->Await(3)[0], "workflow.step_completed");
  const auto behind_mirror = Subscribe({kPartition, storage::Sequence{1}, 0, 1}, both);
  EXPECT_EQ(behind_mirror->Await(2)[0], "step.completed");
  EXPECT_THAT(behind_mirror->ids(), ElementsAre("evt-0-1-1", "evt-0-1-1-1"));
}

TEST_F(EventHubTest, SendsNoMoreEventsAtOnceThanAskedFor) {
  FeedOptions options;
  options.batch_events_max = 1;
  const EventFilter both = Names({"step.completed", "workflow.*"});
  const auto receiver = Subscribe(kEarliest, both, options);
  receiver->AwaitResponses(1);
  for (int i = 0; i < 5; ++i) Happen({"step.completed", "x"});
  const auto later = Subscribe(kEarliest, both, options);
  for (const auto& each : {receiver, later}) {
    EXPECT_EQ(each->Await(10).size(), 10u);
    EXPECT_EQ(each->largest(), 1);
  }
}

TEST_F(EventHubTest, SendsWhoHasTheSameFilterAtTheSamePlaceTheSameBytes) {
  std::vector<std::shared_ptr<Receiver>> receivers;
  for (int i = 0; i < 10; ++i) receivers.push_back(Subscribe(log_.End(), Names({"wanted"})));
  for (const auto& each : receivers) each->AwaitResponses(1);
  // Its greeting comes behind all that the others said of being ready.
  Subscribe(log_.End())->AwaitResponses(1);
  Happen({"other", "wanted"});
  for (const auto& each : receivers) EXPECT_THAT(each->Await(1), ElementsAre("wanted"));
  for (const auto& each : receivers) EXPECT_EQ(each->encoded(), receivers[0]->encoded());
}

TEST_F(EventHubTest, GivesASignOfLifeThatHasMovedOn) {
  FeedOptions options;
  options.heartbeat = absl::Milliseconds(10);
  const auto receiver = Subscribe(kEarliest, Names({"wanted"}), options);
  receiver->AwaitResponses(3);
  EXPECT_EQ(receiver->cursor(), "0-0");
  Happen({"other"});
  receiver->AwaitCursor("0-1");
  Happen({"wanted", "other"});
  EXPECT_THAT(receiver->Await(1), ElementsAre("wanted"));
  receiver->AwaitCursor("0-2");
}

TEST_F(EventHubTest, LeavesAStuckReceiverAloneWithSignsOfLife) {
  FeedOptions options;
  options.heartbeat = absl::Milliseconds(1);
  const auto stuck = Subscribe(kEarliest, {}, options);
  stuck->AwaitResponses(1);
  stuck->Stick();
  Happen({"a"});
  stuck->Await(1);
  const auto other = Subscribe(log_.End(), {}, options);
  other->AwaitResponses(20);
  EXPECT_EQ(stuck->Await(1).size(), 1u);
  EXPECT_EQ(stuck->cursor(), "0-1");
}

TEST_F(EventHubTest, EndsWhoRetentionHasOvertaken) {
  const auto reading = Subscribe(kEarliest);
  const auto stuck = Subscribe(kEarliest);
  const auto waiting = Subscribe(kEarliest, Names({"rare"}));
  for (const auto& each : {reading, stuck, waiting}) each->AwaitResponses(1);
  stuck->Stick();
  Happen({"a"});
  stuck->Await(1);
  Happen({"b"});
  Happen({"c"});
  EXPECT_THAT(reading->Await(3), ElementsAre("a", "b", "c"));
  Remove(2);
  stuck->LetGo();
  const absl::Status end = stuck->AwaitEnd();
  EXPECT_EQ(end.code(), absl::StatusCode::kOutOfRange);
  EXPECT_THAT(std::string(end.message()), ::testing::EndsWith("the earliest cursor is 0-2"));
  // These have passed over what is gone.
  Happen({"rare"});
  EXPECT_EQ(reading->Await(4).size(), 4u);
  EXPECT_THAT(waiting->Await(1), ElementsAre("rare"));
}

TEST_F(EventHubTest, LetsTheEarliestStartWhereRetentionHasLeftIt) {
  Happen({"a"});
  Happen({"b"});
  Remove(1);
  const auto receiver = Subscribe(kEarliest);
  EXPECT_EQ(receiver->Await(2).size(), 2u);
}

TEST_F(EventHubTest, BringsAThousandFiltersEachItsOwn) {
  std::vector<std::shared_ptr<Receiver>> receivers;
  for (int i = 0; i < 1000; ++i) {
    const std::string name = "event_" + std::to_string(i % 500);
    if (i < 500) {
      receivers.push_back(Subscribe(kEarliest, Names({name})));
    } else {
      v1::EventFilter filter;
      filter.set_where("name == '" + name + "'");
      receivers.push_back(Subscribe(kEarliest, *EventFilter::Make(filter)));
    }
  }
  for (int round = 0; round < 3; ++round) {
    std::vector<std::string> names;
    for (int i = 0; i < 500; ++i) names.push_back("event_" + std::to_string(i));
    Happen(names);
  }
  for (int i = 0; i < 1000; ++i) {
    const std::string name = "event_" + std::to_string(i % 500);
    EXPECT_THAT(receivers[static_cast<std::size_t>(i)]->Await(3), ElementsAre(name, name, name));
  }
  for (const auto& each : receivers) each->Leave();
  const auto gone = [&] { return hub_.subscribers() == 0; };
  while (!gone()) std::this_thread::yield();
}

// Followers of single tasks are found by the task.
TEST_F(EventHubTest, BringsEventsOfTasksToWhoFollowsThem) {
  const auto id = [](int i) {
    std::string text = "00000000-0000-0000-0000-000000000000";
    text.replace(text.size() - 1, 1, std::to_string(i));
    return text;
  };
  std::vector<std::shared_ptr<Receiver>> receivers;
  for (int i = 0; i < 3; ++i) {
    v1::EventFilter filter;
    filter.add_task_ids(id(i));
    filter.add_task_ids(id(3));
    filter.add_names("step.*");
    receivers.push_back(Subscribe(log_.End(), *EventFilter::Make(filter)));
  }
  auto events = std::make_shared<storage::v1::EventBatchRecord>();
  for (int i = 0; i < 4; ++i) {
    for (const char* name : {"task.completed", "step.completed", "step.failed"}) {
      storage::v1::EventRecord& event = *events->add_events();
      event.set_name(name);
      event.set_task_id(std::string(engine::TaskId::Parse(id(i))->bytes()));
    }
  }
  Happen(std::move(events));
  for (const auto& each : receivers) {
    EXPECT_THAT(each->Await(4),
                ElementsAre("step.completed", "step.failed", "step.completed", "step.failed"));
  }
}

TEST_F(EventHubTest, TellsOfWhatWasCommittedButNeverPublished) {
  const auto receiver = Subscribe(kEarliest);
  Happen({"a"});
  receiver->Await(1);
  Commit(*Events({"b"}));
  hub_.StartAnew(own_.last_sequence);
  Happen({"c"});
  EXPECT_THAT(receiver->Await(3), ElementsAre("a", "b", "c"));
}

TEST_F(EventHubTest, EndsItsSubscriptionsWhenItStops) {
  const auto receiver = Subscribe(kEarliest);
  hub_.Stop();
  EXPECT_EQ(receiver->AwaitEnd().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace tasker::service
