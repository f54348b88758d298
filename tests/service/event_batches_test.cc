#include "service/events/event_batches.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/keys.h"
#include "storage/memory_store.h"

namespace tasker::service {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr storage::PartitionId kPartition{0};
constexpr EventCursor kBeginning{kPartition, storage::Sequence{0}};

// A log, and what the hub's thread has of it.
class EventBatchesTest : public ::testing::Test {
 protected:
  EventBatchesTest() { own_ = *store_.Acquire(kPartition); }

  void Happen(const std::vector<std::string>& names, std::size_t payload_bytes = 2) {
    auto events = std::make_shared<storage::v1::EventBatchRecord>();
    for (const std::string& name : names) {
      storage::v1::EventRecord& event = *events->add_events();
      event.set_name(name);
      event.set_payload(std::string(payload_bytes, ' '));
    }
    own_.last_sequence = storage::Next(own_.last_sequence);
    storage::Batch batch;
    batch.Put(storage::Table::kEvents, storage::EventKey(kPartition, own_.last_sequence),
              events->SerializeAsString());
    ASSERT_TRUE(store_.Commit(kPartition, own_.epoch, own_.last_sequence, batch).detail.ok());
    log_.Append(own_.last_sequence, events);
    router_.Route(own_.last_sequence, events);
  }

  FilterGroup* Join(const std::string& name) {
    v1::EventFilter filter;
    if (!name.empty()) filter.add_names(name);
    return router_.Join(*EventFilter::Make(filter));
  }

  static std::vector<std::string> NamesIn(const EventBatch& batch) {
    std::vector<std::string> names;
    if (batch.response == nullptr) return names;
    const v1::SubscribeResponse message = batch.response->Message();
    EXPECT_EQ(message.cursor(), batch.reached.ToString());
    for (const v1::Event& event : message.events()) names.push_back(event.name());
    return names;
  }

  storage::MemoryStore store_;
  storage::Ownership own_;
  EventLog log_{&store_, kPartition, storage::Sequence{0}};
  EventWindow window_{10'000};
  EventRouter router_{&window_, kBeginning};
  EventBatches batches_{&log_, &window_, &router_};
};

TEST_F(EventBatchesTest, TakesWhatTheRouterHasFoundAndPassesOverTheRest) {
  FilterGroup* group = Join("a.*");
  Happen({"a.x", "b", "a.y"});
  Happen({"b"});
  EXPECT_THAT(router_.TakeNews(), ElementsAre(group));
  EXPECT_THAT(router_.TakeNews(), IsEmpty());
  const EventBatch first = batches_.FromWindow(*group, kBeginning, 1);
  EXPECT_THAT(NamesIn(first), ElementsAre("a.x"));
  EXPECT_EQ(first.reached.ToString(), "0-1-0");
  const EventBatch second = batches_.FromWindow(*group, first.reached, 10);
  EXPECT_THAT(NamesIn(second), ElementsAre("a.y"));
  EXPECT_EQ(second.reached.ToString(), "0-2");
  EXPECT_EQ(batches_.FromWindow(*group, second.reached, 10).response, nullptr);
}

TEST_F(EventBatchesTest, GivesTheSameBytesForTheSameQuestionInOnePass) {
  FilterGroup* group = Join("");
  Happen({"a"});
  const EventBatch first = batches_.FromWindow(*group, kBeginning, 10);
  EXPECT_EQ(batches_.FromWindow(*group, kBeginning, 10).response, first.response);
  EXPECT_EQ(first.response->buffer().Length(), first.response->size());
  batches_.Forget();
  EXPECT_NE(batches_.FromWindow(*group, kBeginning, 10).response, first.response);
}

TEST_F(EventBatchesTest, SendsWhoHasFallenBehindTheWindowToTheLog) {
  FilterGroup* all = Join("");
  FilterGroup* rare = Join("rare");
  for (int i = 0; i < 20; ++i) Happen({"a"}, 2000);
  EXPECT_TRUE(all->Covers(kBeginning));
  const EventBatch none = batches_.FromWindow(*all, kBeginning, 100);
  EXPECT_EQ(none.response, nullptr);
  EXPECT_EQ(none.reached, kBeginning);
  EXPECT_FALSE(all->Covers(kBeginning));
  const absl::StatusOr<EventBatch> read = batches_.FromLog(*all, kBeginning, 100);
  EXPECT_THAT(NamesIn(*read), SizeIs(20));
  EXPECT_EQ(read->reached, router_.head());
  // Who wants none of what has left the window has missed nothing.
  EXPECT_TRUE(rare->Covers(kBeginning));
  EXPECT_EQ(batches_.FromWindow(*rare, kBeginning, 100).reached, router_.head());
}

TEST_F(EventBatchesTest, ReadsTheLogNoFurtherThanTheRouterHasCome) {
  FilterGroup* group = Join("");
  Happen({"a"});
  auto events = std::make_shared<storage::v1::EventBatchRecord>();
  events->add_events()->set_name("unrouted");
  log_.Append(storage::Sequence{2}, events);
  const absl::StatusOr<EventBatch> read = batches_.FromLog(*group, kBeginning, 100);
  EXPECT_THAT(NamesIn(*read), ElementsAre("a"));
  EXPECT_EQ(read->reached, router_.head());
}

TEST_F(EventBatchesTest, KeepsResponsesShort) {
  FilterGroup* group = Join("");
  for (int i = 0; i < 10; ++i) Happen({"large"}, 60'000);
  EventCursor reached = kBeginning;
  std::size_t events = 0;
  while (reached < router_.head()) {
    const absl::StatusOr<EventBatch> read = batches_.FromLog(*group, reached, 1000);
    ASSERT_TRUE(read.ok());
    reached = read->reached;
    // Behind the last event, nothing but the cursor moves.
    if (read->response == nullptr) continue;
    EXPECT_LT(read->response->size(), 400'000u);
    events += NamesIn(*read).size();
  }
  EXPECT_EQ(events, 10u);
}

TEST_F(EventBatchesTest, ForgetsAGroupThatAllHaveLeft) {
  FilterGroup* group = Join("a");
  EXPECT_EQ(Join("a"), group);
  Happen({"a"});
  router_.Leave(group);
  EXPECT_EQ(router_.size(), 1u);
  router_.Leave(group);
  EXPECT_EQ(router_.size(), 0u);
  EXPECT_THAT(router_.TakeNews(), IsEmpty());
  Happen({"a"});
}

}  // namespace
}  // namespace tasker::service
