#include "service/events/event_start.h"

#include <gtest/gtest.h>

#include "storage/keys.h"
#include "storage/memory_store.h"

namespace tasker::service {
namespace {

constexpr storage::PartitionId kPartition{0};

class EventStartTest : public ::testing::Test {
 protected:
  EventStartTest() { own_ = *store_.Acquire(kPartition); }

  // Commits an event at each of these seconds; none: a commit without events.
  void Commit(const std::vector<int>& seconds, const std::string& name = "step.cancelled") {
    storage::v1::EventBatchRecord events;
    for (const int at : seconds) {
      storage::v1::EventRecord& event = *events.add_events();
      event.set_name(name);
      event.set_namespace_("shop");
      event.set_task_name("order");
      event.set_at_us(at * 1'000'000LL);
    }
    own_.last_sequence = storage::Next(own_.last_sequence);
    storage::Batch batch;
    if (!seconds.empty()) {
      batch.Put(storage::Table::kEvents, storage::EventKey(kPartition, own_.last_sequence),
                events.SerializeAsString());
    }
    ASSERT_TRUE(store_.Commit(kPartition, own_.epoch, own_.last_sequence, batch).detail.ok());
  }

  // Retention has removed an event of that template up to there.
  void Remove(const std::string& template_name, std::uint64_t sequence, std::int64_t at_us) {
    storage::v1::EventFloorsRecord floors = log_.floors();
    storage::v1::EventFloorRecord& floor = *floors.add_floors();
    floor.set_namespace_("shop");
    floor.set_template_name(template_name);
    floor.set_sequence(sequence);
    floor.set_at_us(at_us);
    log_.SetFloors(std::move(floors));
  }

  std::string FromSecond(std::int64_t second, std::int32_t nanos = 0, EventFilter filter = {}) {
    v1::EventStart start;
    start.mutable_from_time()->set_seconds(second);
    start.mutable_from_time()->set_nanos(nanos);
    const auto found = starts_.Find(start, filter);
    return found.ok() ? found->ToString() : found.status().ToString();
  }

  absl::StatusOr<EventCursor> After(std::uint32_t partition, std::uint64_t sequence) {
    v1::EventStart start;
    start.mutable_after_position()->set_partition(partition);
    start.mutable_after_position()->set_sequence(sequence);
    return starts_.Find(start, {});
  }

  storage::MemoryStore store_;
  storage::Ownership own_;
  EventLog log_{&store_, kPartition, storage::Sequence{0}};
  EventStarts starts_{&store_, &log_};
};

TEST_F(EventStartTest, IsBehindTheNewestCommitUnlessAskedOtherwise) {
  Commit({1});
  Commit({});
  EXPECT_EQ(starts_.Find(v1::EventStart(), {})->ToString(), "0-2");
  v1::EventStart earliest;
  earliest.set_from_earliest(true);
  EXPECT_EQ(starts_.Find(earliest, {})->ToString(), "0-0");
  earliest.set_from_earliest(false);
  EXPECT_EQ(starts_.Find(earliest, {})->ToString(), "0-2");
}

TEST_F(EventStartTest, OfATimeIsInFrontOfTheFirstEventThatIsNotBefore) {
  for (int i = 0; i < 100; ++i) {
    Commit({10 * i, 10 * i + 1, 10 * i + 2});
    Commit({});
  }
  EXPECT_EQ(FromSecond(-5), "0-0");
  EXPECT_EQ(FromSecond(0), "0-0");
  EXPECT_EQ(FromSecond(500), "0-100");
  EXPECT_EQ(FromSecond(501), "0-101-0");
  EXPECT_EQ(FromSecond(501, 1), "0-101-1");
  EXPECT_EQ(FromSecond(503), "0-102");
  EXPECT_EQ(FromSecond(992), "0-199-1");
  EXPECT_EQ(FromSecond(993), "0-200");
}

TEST_F(EventStartTest, OfATimeLeavesOutTheMirrorsOfWhatWasBefore) {
  Commit({1, 5}, "task.completed");
  EXPECT_EQ(FromSecond(5), "0-1-0-1");
}

TEST_F(EventStartTest, OfATimeInTheFutureIsTheEnd) {
  Commit({1});
  EXPECT_EQ(FromSecond(1'000'000), "0-1");
}

TEST_F(EventStartTest, OfATimeIsRefusedWhereRetentionHasRemovedWhatFollowed) {
  Commit({10});
  Commit({20});
  Commit({30});
  Remove("order", 2, 20'000'000);
  EXPECT_EQ(FromSecond(20),
            "OUT_OF_RANGE: events behind that start were removed by retention; the earliest cursor "
            "is 0-2");
  EXPECT_EQ(FromSecond(20, 1000), "0-2");
  v1::EventFilter other;
  other.set_task_name("other");
  EXPECT_EQ(FromSecond(5, 0, *EventFilter::Make(other)), "0-0");
}

TEST_F(EventStartTest, OfATimeIsRefusedWhereItIsNotKnownWhatWasRemoved) {
  Commit({10});
  Commit({20});
  Commit({30});
  Remove("order", 1, 0);
  EXPECT_EQ(FromSecond(15).substr(0, 12), "OUT_OF_RANGE");
  EXPECT_EQ(FromSecond(25), "0-2");
}

TEST_F(EventStartTest, RefusesWhatIsNoTime) {
  EXPECT_EQ(FromSecond(1LL << 50).substr(0, 16), "INVALID_ARGUMENT");
  EXPECT_EQ(FromSecond(1, -1).substr(0, 16), "INVALID_ARGUMENT");
}

TEST_F(EventStartTest, OfAPositionNeedsNoEventsThere) {
  Commit({1});
  Commit({});
  EXPECT_EQ(After(0, 1)->ToString(), "0-1");
  EXPECT_EQ(After(0, 2)->ToString(), "0-2");
  const absl::Status beyond = After(0, 3).status();
  EXPECT_EQ(beyond.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(beyond.message(),
            "after_position: the log holds the commits of partition 0 up to 2; there is no commit "
            "3 of partition 0");
  EXPECT_EQ(After(7, 1).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(EventStartTest, OfACursorOrPositionIsRefusedPastRetention) {
  Commit({1});
  Commit({2});
  Remove("order", 2, 2'000'000);
  EXPECT_EQ(After(0, 1).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_TRUE(After(0, 2).ok());
  v1::EventStart start;
  start.set_after_cursor("0-1-0");
  EXPECT_EQ(starts_.Find(start, {}).status().code(), absl::StatusCode::kOutOfRange);
  start.set_after_cursor("0-9");
  EXPECT_EQ(starts_.Find(start, {}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(EventStartTest, IsNotBeforeThePositionThatIsTheLeast) {
  Commit({1});
  Commit({2});
  v1::SubscribeRequest request;
  request.set_from_earliest(true);
  request.mutable_at_least()->set_sequence(1);
  EXPECT_EQ(starts_.Find(request, {})->ToString(), "0-1");
  request.set_after_cursor("0-2-0");
  EXPECT_EQ(starts_.Find(request, {})->ToString(), "0-2-0");
  request.mutable_at_least()->set_sequence(9);
  EXPECT_EQ(starts_.Find(request, {}).status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace tasker::service
