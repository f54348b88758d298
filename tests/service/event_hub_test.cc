#include "service/events/event_hub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
    for (const v1::Event& event : response.events()) names_.push_back(event.name());
    cursor_ = response.cursor();
    ++responses_;
    if (hub_ != nullptr && !stuck_) hub_->Ready(id_);
  }
  void End(absl::Status why) override {
    absl::MutexLock lock(&mutex_);
    end_ = std::move(why);
  }

  void Start(EventHub* hub, EventFilter filter, EventCursor after, std::shared_ptr<Receiver> self) {
    absl::MutexLock lock(&mutex_);
    hub_ = hub;
    id_ = hub->Subscribe(std::move(filter), after, std::move(self));
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
  std::vector<std::string> names_;
  std::string cursor_;
  absl::Status end_;
};

class EventHubTest : public ::testing::Test {
 protected:
  EventHubTest() { own_ = *store_.Acquire(kPartition); }

  // Commits one event of each name and tells the hub.
  void Happen(const std::vector<std::string>& names) {
    auto events = std::make_shared<storage::v1::EventBatchRecord>();
    for (const std::string& name : names) events->add_events()->set_name(name);
    own_.last_sequence = storage::Next(own_.last_sequence);
    storage::Batch batch;
    batch.Put(storage::Table::kEvents, storage::EventKey(kPartition, own_.last_sequence),
              events->SerializeAsString());
    ASSERT_TRUE(store_.Commit(kPartition, own_.epoch, own_.last_sequence, batch).detail.ok());
    hub_.Publish(own_.last_sequence, std::move(events));
  }

  std::shared_ptr<Receiver> Subscribe(EventCursor after, EventFilter filter = {}) {
    auto receiver = std::make_shared<Receiver>();
    receiver->Start(&hub_, std::move(filter), after, receiver);
    return receiver;
  }

  storage::MemoryStore store_;
  storage::Ownership own_;
  EventLog log_{&store_, kPartition, storage::Sequence{0}};
  EventHub hub_{&log_, nullptr};
};

constexpr EventCursor kEarliest{kPartition, storage::Sequence{0}};

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

TEST_F(EventHubTest, EndsItsSubscriptionsWhenItStops) {
  const auto receiver = Subscribe(kEarliest);
  hub_.Stop();
  EXPECT_EQ(receiver->AwaitEnd().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace tasker::service
