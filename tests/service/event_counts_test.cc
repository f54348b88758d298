#include "service/events/subscriptions/event_counts.h"

#include <gtest/gtest.h>

#include "storage/keys.h"
#include "storage/memory_store.h"

namespace tasker::service {
namespace {

constexpr storage::PartitionId kPartition{0};

class EventCountsTest : public ::testing::Test {
 protected:
  EventCountsTest() { own_ = *store_.Acquire(kPartition); }

  // Commits so many events; the first of each commit happened at the commit's number of seconds.
  void Happen(int count) {
    auto events = std::make_shared<storage::v1::EventBatchRecord>();
    own_.last_sequence = storage::Next(own_.last_sequence);
    for (int i = 0; i < count; ++i) {
      storage::v1::EventRecord& event = *events->add_events();
      event.set_name("n");
      event.set_at_us(static_cast<std::int64_t>(Raw(own_.last_sequence)) * 1'000'000 + i);
    }
    storage::Batch batch;
    batch.Put(storage::Table::kEvents, storage::EventKey(kPartition, own_.last_sequence),
              events->SerializeAsString());
    ASSERT_TRUE(store_.Commit(kPartition, own_.epoch, own_.last_sequence, batch).detail.ok());
    if (counts_ != nullptr) counts_->Add(own_.last_sequence, static_cast<std::uint64_t>(count));
    log_.Append(own_.last_sequence, events);
  }

  void Start() { counts_ = std::make_unique<EventCounts>(&log_, &store_, own_.last_sequence); }

  std::uint64_t Behind(std::uint64_t sequence, std::uint32_t index = EventCursor::kWholeCommit) {
    return counts_->CountBehind({kPartition, storage::Sequence{sequence}, index})->events;
  }

  storage::MemoryStore store_;
  storage::Ownership own_;
  EventLog log_{&store_, kPartition, storage::Sequence{0}};
  std::unique_ptr<EventCounts> counts_;
};

TEST_F(EventCountsTest, CountsWhatComes) {
  Start();
  EXPECT_EQ(Behind(0), 0u);
  Happen(2);
  Happen(3);
  EXPECT_EQ(Behind(0), 5u);
  EXPECT_EQ(Behind(1), 3u);
  EXPECT_EQ(Behind(2), 0u);
}

TEST_F(EventCountsTest, CountsWithinACommit) {
  Start();
  Behind(0);
  Happen(3);
  Happen(4);
  EXPECT_EQ(Behind(1, 0), 6u);
  EXPECT_EQ(Behind(1, 2), 4u);
  EXPECT_EQ(Behind(2, 1), 2u);
}

TEST_F(EventCountsTest, CountsInTheStoreWhatCameBefore) {
  for (int i = 0; i < 10; ++i) Happen(3);
  Start();
  EXPECT_EQ(Behind(8), 6u);
  EXPECT_EQ(Behind(4, 1), 19u);
  Happen(5);
  EXPECT_EQ(Behind(0), 35u);
  EXPECT_EQ(Behind(10, 0), 7u);
}

TEST_F(EventCountsTest, CountsBackwardsOverMoreCommitsThanAreReadAtOnce) {
  for (int i = 0; i < 5000; ++i) Happen(1);
  Start();
  EXPECT_EQ(Behind(3, 0), 4997u);
  EXPECT_EQ(Behind(0), 5000u);
}

TEST_F(EventCountsTest, KnowsWhenTheFirstEventBehindHappened) {
  Start();
  Happen(2);
  Happen(1);
  EXPECT_EQ(counts_->CountBehind({kPartition, storage::Sequence{0}})->first_at_us, 1'000'000);
  EXPECT_EQ(counts_->CountBehind({kPartition, storage::Sequence{1}, 0})->first_at_us, 1'000'001);
  EXPECT_EQ(counts_->CountBehind({kPartition, storage::Sequence{2}})->first_at_us, std::nullopt);
}

TEST_F(EventCountsTest, CountsAgainWhatItHasForgotten) {
  Start();
  Behind(0);
  for (int i = 0; i < 10; ++i) Happen(2);
  counts_->Forget(EventCursor{kPartition, storage::Sequence{6}});
  EXPECT_EQ(Behind(6), 8u);
  EXPECT_EQ(Behind(2), 16u);
  counts_->Forget(std::nullopt);
  Happen(2);
  EXPECT_EQ(Behind(2), 18u);
}

TEST_F(EventCountsTest, CountsWhatTheStoreHasAfterItWasTakenUpAnew) {
  Start();
  Behind(0);
  Happen(2);
  // Stored, but never told of.
  auto counts = std::move(counts_);
  Happen(3);
  counts_ = std::move(counts);
  counts_->StartAnew(own_.last_sequence);
  EXPECT_EQ(Behind(0), 5u);
}

}  // namespace
}  // namespace tasker::service
