#include "clients/sinks/delivery_queue.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tasker::sinks {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const TimePoint kNow = TimePoint() + std::chrono::hours(1);

// Adds the event `id` of a task; its cursor is `c-ID`.
void Add(DeliveryQueue& queue, const std::string& id, const std::string& task) {
  Delivery delivery;
  delivery.event.id = id;
  delivery.event.task_id = task;
  delivery.cursor = "c-" + id;
  queue.Add(std::move(delivery));
}

std::vector<std::string> Ids(const std::vector<Delivery*>& taken) {
  std::vector<std::string> ids;
  for (const Delivery* each : taken) ids.push_back(each->event.id);
  return ids;
}

std::optional<std::string> Acknowledgeable(DeliveryQueue& queue) {
  std::vector<std::string> ids;
  return queue.TakeAcknowledgeable(ids);
}

void Finish(DeliveryQueue& queue, const std::vector<Delivery*>& taken) {
  for (Delivery* each : taken) each->state = Delivery::State::kDone;
  queue.Settle(taken);
}

void RetryAt(DeliveryQueue& queue, const std::vector<Delivery*>& taken, TimePoint at) {
  for (Delivery* each : taken) each->not_before = at;
  queue.Settle(taken);
}

TEST(DeliveryQueue, Task_HasOneEventOnItsWayAtATime) {
  DeliveryQueue queue;
  Add(queue, "a1", "a");
  Add(queue, "a2", "a");
  Add(queue, "b1", "b");
  const auto first = queue.Take(kNow, 10, false);
  EXPECT_THAT(Ids(first), ElementsAre("a1", "b1"));
  EXPECT_THAT(queue.Take(kNow, 10, false), IsEmpty());
  EXPECT_EQ(queue.NextAt(), std::nullopt);
  Finish(queue, first);
  EXPECT_THAT(Ids(queue.Take(kNow, 10, false)), ElementsAre("a2"));
}

TEST(DeliveryQueue, OtherTasks_GoOnWhileOneWaits) {
  DeliveryQueue queue;
  Add(queue, "a1", "a");
  Add(queue, "a2", "a");
  RetryAt(queue, queue.Take(kNow, 1, false), kNow + seconds(5));
  Add(queue, "b1", "b");
  EXPECT_THAT(Ids(queue.Take(kNow, 10, false)), ElementsAre("b1"));
  EXPECT_EQ(queue.NextAt(), kNow + seconds(5));
  EXPECT_THAT(queue.Take(kNow + seconds(4), 10, false), IsEmpty());
  EXPECT_THAT(Ids(queue.Take(kNow + seconds(5), 10, false)), ElementsAre("a1"));
}

TEST(DeliveryQueue, DueRetry_GoesBeforeWhatCameLater) {
  DeliveryQueue queue;
  Add(queue, "a1", "a");
  RetryAt(queue, queue.Take(kNow, 1, false), kNow + seconds(1));
  Add(queue, "b1", "b");
  Add(queue, "c1", "c");
  EXPECT_THAT(Ids(queue.Take(kNow + seconds(1), 2, false)), ElementsAre("a1", "b1"));
}

TEST(DeliveryQueue, Batch_MayHoldSeveralOfATaskInOrder) {
  DeliveryQueue queue;
  Add(queue, "a1", "a");
  Add(queue, "b1", "b");
  Add(queue, "a2", "a");
  Add(queue, "a3", "a");
  const auto taken = queue.Take(kNow, 3, true);
  EXPECT_THAT(Ids(taken), ElementsAre("a1", "b1", "a2"));
  EXPECT_THAT(queue.Take(kNow, 3, true), IsEmpty()) << "a3 waits for a2";
  Finish(queue, taken);
  EXPECT_THAT(Ids(queue.Take(kNow, 3, true)), ElementsAre("a3"));
}

TEST(DeliveryQueue, FailedBatch_ComesAgainInItsOrder) {
  DeliveryQueue queue;
  Add(queue, "a1", "a");
  Add(queue, "a2", "a");
  Add(queue, "a3", "a");
  RetryAt(queue, queue.Take(kNow, 2, true), kNow + seconds(1));
  EXPECT_THAT(queue.Take(kNow, 3, true), IsEmpty());
  EXPECT_THAT(Ids(queue.Take(kNow + seconds(1), 3, true)), ElementsAre("a1", "a2", "a3"));
}

TEST(DeliveryQueue, Alone_MeansABatchOfItsOwn) {
  DeliveryQueue queue;
  for (const char* id : {"a1", "a2"}) Add(queue, id, "a");
  Add(queue, "b1", "b");
  const auto taken = queue.Take(kNow, 2, true);
  for (Delivery* each : taken) each->alone = true;
  queue.Settle(taken);
  const auto first = queue.Take(kNow, 10, true);
  EXPECT_THAT(Ids(first), ElementsAre("a1"));
  EXPECT_THAT(Ids(queue.Take(kNow, 10, true)), ElementsAre("b1"));
  Finish(queue, first);
  EXPECT_THAT(Ids(queue.Take(kNow, 10, true)), ElementsAre("a2"));
}

TEST(DeliveryQueue, AloneBehindOthers_EndsTheirBatchAndStaysReady) {
  DeliveryQueue queue;
  Add(queue, "a1", "a");
  Add(queue, "b1", "b");
  const auto both = queue.Take(kNow, 2, true);
  both[1]->alone = true;
  queue.Settle(both);
  EXPECT_THAT(Ids(queue.Take(kNow, 10, true)), ElementsAre("a1"));
  EXPECT_THAT(Ids(queue.Take(kNow, 10, true)), ElementsAre("b1"));
}

TEST(DeliveryQueue, Cursor_StandsBeforeTheFirstThatIsNotDone) {
  DeliveryQueue queue;
  Add(queue, "a1", "a");
  Add(queue, "b1", "b");
  Add(queue, "c1", "c");
  const auto taken = queue.Take(kNow, 3, false);
  taken[0]->state = Delivery::State::kDone;
  taken[2]->state = Delivery::State::kDone;
  queue.Settle(taken);
  EXPECT_EQ(Acknowledgeable(queue), "c-a1");
  EXPECT_EQ(Acknowledgeable(queue), std::nullopt);
  Finish(queue, queue.Take(kNow, 3, false));
  EXPECT_EQ(Acknowledgeable(queue), "c-c1");
  EXPECT_EQ(queue.size(), 0u);
}

TEST(DeliveryQueue, Forgotten_EventsAreNamed) {
  DeliveryQueue queue;
  Add(queue, "a1", "a");
  queue.AddMark("m");
  Add(queue, "b1", "b");
  Finish(queue, queue.Take(kNow, 3, false));
  std::vector<std::string> ids;
  queue.TakeAcknowledgeable(ids);
  EXPECT_THAT(ids, ElementsAre("a1", "b1"));
}

TEST(DeliveryQueue, Marks_WaitForTheEventsBeforeThemAndAreKeptOnce) {
  DeliveryQueue queue;
  Add(queue, "a1", "a");
  for (int i = 0; i < 1000; ++i) queue.AddMark("m-" + std::to_string(i));
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_EQ(queue.deliveries().size(), 2u);
  EXPECT_EQ(Acknowledgeable(queue), std::nullopt);
  Finish(queue, queue.Take(kNow, 1, false));
  EXPECT_EQ(Acknowledgeable(queue), "m-999");
  queue.AddMark("m-1000");
  EXPECT_EQ(Acknowledgeable(queue), "m-1000");
}

TEST(DeliveryQueue, EventsWithoutTask_KeepTheirOrderToo) {
  DeliveryQueue queue;
  Add(queue, "x1", "");
  Add(queue, "x2", "");
  EXPECT_THAT(Ids(queue.Take(kNow, 10, false)), ElementsAre("x1"));
}

TEST(DeliveryQueue, DoneBefore_IsNotHandedOut) {
  DeliveryQueue queue;
  Delivery known;
  known.event.id = "a1";
  known.event.task_id = "a";
  known.cursor = "c-a1";
  known.state = Delivery::State::kDone;
  queue.Add(std::move(known));
  EXPECT_THAT(queue.Take(kNow, 1, false), IsEmpty());
  EXPECT_EQ(Acknowledgeable(queue), "c-a1");
}

}  // namespace
}  // namespace tasker::sinks
