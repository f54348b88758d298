#include "service/events/subscriptions/event_sharing.h"

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tasker::service {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using ConsumerNumber = EventSharing::ConsumerNumber;
using Time = EventSharing::Time;

constexpr ConsumerNumber kA{1};
constexpr ConsumerNumber kB{2};
constexpr ConsumerNumber kC{3};

EventCursor At(std::uint64_t sequence) {
  return {storage::PartitionId{0}, storage::Sequence{sequence}, 0};
}

Time After(int seconds) { return Time() + std::chrono::seconds(seconds); }

class EventSharingTest : public ::testing::Test {
 protected:
  // The event at that place, of that task.
  void Add(std::uint64_t sequence, const std::string& task) {
    v1::Event event;
    event.set_name("n");
    event.set_task_id(task);
    event.set_cursor(At(sequence).ToString());
    sharing_.Add(At(sequence), std::move(event));
  }

  // The places that the consumer is sent now.
  std::vector<std::uint64_t> Take(ConsumerNumber number, std::size_t events_max = 100) {
    response_.Clear();
    sharing_.TakeFor(number, {events_max, 1u << 20}, At(0), now_, response_);
    std::vector<std::uint64_t> taken;
    for (const v1::Event& event : response_.events()) {
      taken.push_back(Raw(EventCursor::Parse(event.cursor())->sequence));
    }
    return taken;
  }

  std::uint64_t Mark() const { return Raw(sharing_.mark().sequence); }

  EventSharing sharing_{At(0)};
  v1::SubscribeResponse response_;
  Time now_ = After(1000);
};

TEST_F(EventSharingTest, SendsEventsInTheOrderOfTheLog) {
  sharing_.AddConsumer(kA, 10);
  for (std::uint64_t i = 1; i <= 5; ++i) Add(i, "t");
  EXPECT_THAT(Take(kA, 3), ElementsAre(1, 2, 3));
  EXPECT_EQ(response_.cursor(), At(3).ToString());
  EXPECT_THAT(Take(kA), ElementsAre(4, 5));
}

TEST_F(EventSharingTest, LeavesATaskToWhoHoldsEventsOfIt) {
  sharing_.AddConsumer(kA, 10);
  sharing_.AddConsumer(kB, 10);
  Add(1, "t");
  Add(2, "u");
  Add(3, "t");
  Add(4, "u");
  EXPECT_THAT(Take(kA), ElementsAre(1, 3));
  EXPECT_THAT(Take(kB), ElementsAre(2, 4));
  Add(5, "u");
  EXPECT_THAT(Take(kA), IsEmpty());
  EXPECT_THAT(Take(kB), ElementsAre(5));
}

TEST_F(EventSharingTest, TakesEventsOfNoTaskForOneTask) {
  sharing_.AddConsumer(kA, 10);
  sharing_.AddConsumer(kB, 10);
  Add(1, "");
  Add(2, "");
  EXPECT_THAT(Take(kA), ElementsAre(1, 2));
  EXPECT_THAT(Take(kB), IsEmpty());
}

TEST_F(EventSharingTest, GivesANewTaskToWhoHoldsFewest) {
  sharing_.AddConsumer(kA, 10);
  Add(1, "t");
  Add(2, "u");
  EXPECT_THAT(Take(kA), ElementsAre(1, 2));
  sharing_.AddConsumer(kB, 10);
  Add(3, "v");
  Add(4, "w");
  Add(5, "x");
  EXPECT_THAT(Take(kB), ElementsAre(3, 4));
  EXPECT_THAT(Take(kA), ElementsAre(5));
}

TEST_F(EventSharingTest, SendsNoMoreThanMayBeHeld) {
  sharing_.AddConsumer(kA, 2);
  for (std::uint64_t i = 1; i <= 4; ++i) Add(i, "t");
  EXPECT_THAT(Take(kA), ElementsAre(1, 2));
  EXPECT_THAT(Take(kA), IsEmpty());
  ASSERT_TRUE(sharing_.Acknowledge(kA, At(1), now_).ok());
  EXPECT_THAT(Take(kA), ElementsAre(3));
}

TEST_F(EventSharingTest, LetsAFullConsumerNotStopTheOthers) {
  sharing_.AddConsumer(kA, 2);
  Add(1, "t");
  Add(2, "t");
  EXPECT_THAT(Take(kA), ElementsAre(1, 2));
  sharing_.AddConsumer(kB, 2);
  Add(3, "t");
  EXPECT_TRUE(sharing_.HasRoom());
  Add(4, "u");
  EXPECT_THAT(Take(kB), ElementsAre(4));
  EXPECT_THAT(Take(kA), IsEmpty());
}

TEST_F(EventSharingTest, HasRoomForWhatItsConsumersMayHold) {
  EXPECT_FALSE(sharing_.HasRoom());
  sharing_.AddConsumer(kA, 2);
  Add(1, "t");
  EXPECT_TRUE(sharing_.HasRoom());
  Add(2, "t");
  EXPECT_FALSE(sharing_.HasRoom());
  Take(kA);
  ASSERT_TRUE(sharing_.Acknowledge(kA, At(2), now_).ok());
  EXPECT_TRUE(sharing_.HasRoom());
  EXPECT_EQ(sharing_.at_hand(), 0u);
  EXPECT_EQ(sharing_.bytes(), 0u);
}

TEST_F(EventSharingTest, HasNoRoomWhenItHoldsManyBytes) {
  sharing_.AddConsumer(kA, 10'000);
  v1::Event large;
  large.set_payload(std::string(17u << 20, 'x'));
  sharing_.Add(At(1), large);
  EXPECT_FALSE(sharing_.HasRoom());
  EXPECT_TRUE(Take(kA).size() == 1 || response_.events_size() == 1);
}

TEST_F(EventSharingTest, MovesTheMarkBehindWhatIsAcknowledgedByAll) {
  sharing_.AddConsumer(kA, 10);
  sharing_.AddConsumer(kB, 10);
  Add(1, "t");
  Add(2, "u");
  Add(3, "t");
  Take(kA);
  Take(kB);
  ASSERT_TRUE(sharing_.Acknowledge(kA, At(3), now_).ok());
  EXPECT_EQ(Mark(), 1u);
  ASSERT_TRUE(sharing_.Acknowledge(kB, At(2), now_).ok());
  EXPECT_EQ(Mark(), 3u);
}

TEST_F(EventSharingTest, MovesTheMarkOverWhatDoesNotMatchOnceAllIsAcknowledged) {
  sharing_.AddConsumer(kA, 10);
  sharing_.PassOver(At(5));
  EXPECT_EQ(Mark(), 5u);
  Add(6, "t");
  sharing_.PassOver(At(9));
  EXPECT_EQ(Mark(), 5u);
  Take(kA);
  ASSERT_TRUE(sharing_.Acknowledge(kA, At(6), now_).ok());
  EXPECT_EQ(Mark(), 9u);
}

TEST_F(EventSharingTest, AcknowledgesInTheOrderOfSendingAndNotOfTheLog) {
  sharing_.AddConsumer(kA, 10);
  sharing_.AddConsumer(kB, 10);
  Add(1, "t");
  Add(2, "u");
  EXPECT_THAT(Take(kA), ElementsAre(1));
  EXPECT_THAT(Take(kB), ElementsAre(2));
  sharing_.RemoveConsumer(kA);
  EXPECT_THAT(Take(kB), ElementsAre(1));
  EXPECT_EQ(response_.redelivered(), 1u);
  // 2 was sent before 1.
  ASSERT_TRUE(sharing_.Acknowledge(kB, At(2), now_).ok());
  EXPECT_EQ(sharing_.unacknowledged(kB), 1u);
  EXPECT_EQ(Mark(), 0u);
  ASSERT_TRUE(sharing_.Acknowledge(kB, At(1), now_).ok());
  EXPECT_EQ(Mark(), 2u);
}

TEST_F(EventSharingTest, AcknowledgesWithARedeliveredEventWhatWasSentBeforeIt) {
  sharing_.AddConsumer(kA, 10);
  sharing_.AddConsumer(kB, 10);
  Add(1, "t");
  Add(2, "u");
  Take(kA);
  Take(kB);
  sharing_.RemoveConsumer(kA);
  Take(kB);
  ASSERT_TRUE(sharing_.Acknowledge(kB, At(1), now_).ok());
  EXPECT_EQ(sharing_.unacknowledged(), 0u);
  EXPECT_EQ(Mark(), 2u);
}

TEST_F(EventSharingTest, AcknowledgesAgainWithoutEffect) {
  sharing_.AddConsumer(kA, 10);
  for (std::uint64_t i = 1; i <= 3; ++i) Add(i, "t");
  Take(kA);
  ASSERT_TRUE(sharing_.Acknowledge(kA, At(2), now_).ok());
  ASSERT_TRUE(sharing_.Acknowledge(kA, At(2), now_).ok());
  ASSERT_TRUE(sharing_.Acknowledge(kA, At(1), now_).ok());
  EXPECT_EQ(sharing_.acknowledged(), 2u);
  EXPECT_EQ(sharing_.unacknowledged(), 1u);
}

TEST_F(EventSharingTest, RefusesWhatTheConsumerWasNotSent) {
  sharing_.AddConsumer(kA, 10);
  sharing_.AddConsumer(kB, 10);
  Add(1, "t");
  Add(2, "u");
  EXPECT_EQ(sharing_.Acknowledge(kA, At(1), now_).code(), absl::StatusCode::kInvalidArgument);
  Take(kA);
  Take(kB);
  EXPECT_EQ(sharing_.Acknowledge(kA, At(2), now_).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(sharing_.Acknowledge(kA, At(7), now_).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(EventSharingTest, SendsWhatIsGivenBackBeforeTheLaterEventsOfItsTask) {
  sharing_.AddConsumer(kA, 10);
  sharing_.AddConsumer(kB, 10);
  Add(1, "t");
  Add(2, "t");
  Add(3, "t");
  EXPECT_THAT(Take(kA, 2), ElementsAre(1, 2));
  sharing_.RemoveConsumer(kA);
  Add(4, "t");
  EXPECT_THAT(Take(kB), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(response_.redelivered(), 2u);
  EXPECT_EQ(sharing_.redelivered(), 2u);
}

TEST_F(EventSharingTest, KeepsTheOrderOfATaskWhoseFirstEventAloneFoundRoom) {
  sharing_.AddConsumer(kA, 1);
  sharing_.AddConsumer(kB, 1);
  Add(1, "x");
  Add(2, "y");
  Take(kA);
  Take(kB);
  Add(3, "t");
  Add(4, "u");
  Add(5, "t");
  EXPECT_THAT(Take(kA), IsEmpty());
  ASSERT_TRUE(sharing_.Acknowledge(kA, At(1), now_).ok());
  EXPECT_THAT(Take(kA), ElementsAre(3));
  Add(6, "t");
  ASSERT_TRUE(sharing_.Acknowledge(kB, At(2), now_).ok());
  EXPECT_THAT(Take(kB), ElementsAre(4));
  ASSERT_TRUE(sharing_.Acknowledge(kA, At(3), now_).ok());
  EXPECT_THAT(Take(kA), ElementsAre(5));
  ASSERT_TRUE(sharing_.Acknowledge(kA, At(5), now_).ok());
  EXPECT_THAT(Take(kA), ElementsAre(6));
}

TEST_F(EventSharingTest, LeavesWhatWaitsToAnotherOnceTheOwnerHoldsNothingOfTheTask) {
  sharing_.AddConsumer(kA, 1);
  Add(1, "t");
  Take(kA);
  sharing_.AddConsumer(kB, 10);
  Add(2, "t");
  Add(3, "t");
  EXPECT_THAT(Take(kB), IsEmpty());
  ASSERT_TRUE(sharing_.Acknowledge(kA, At(1), now_).ok());
  EXPECT_THAT(Take(kB), ElementsAre(2, 3));
  EXPECT_THAT(Take(kA), IsEmpty());
}

TEST_F(EventSharingTest, SendsEverythingBehindTheMarkAgainAfterTheLastConsumerHasLeft) {
  sharing_.AddConsumer(kA, 10);
  for (std::uint64_t i = 1; i <= 3; ++i) Add(i, "t");
  Take(kA);
  ASSERT_TRUE(sharing_.Acknowledge(kA, At(1), now_).ok());
  sharing_.RemoveConsumer(kA);
  EXPECT_EQ(sharing_.at_hand(), 0u);
  EXPECT_EQ(sharing_.unacknowledged(), 0u);
  sharing_.AddConsumer(kB, 10);
  for (std::uint64_t i = 2; i <= 4; ++i) Add(i, "t");
  EXPECT_THAT(Take(kB), ElementsAre(2, 3, 4));
  EXPECT_EQ(response_.redelivered(), 2u);
}

TEST_F(EventSharingTest, DoesNotSendAgainWhatWasAcknowledgedBehindTheMark) {
  sharing_.AddConsumer(kA, 10);
  sharing_.AddConsumer(kB, 10);
  Add(1, "t");
  Add(2, "u");
  Add(3, "v");
  Take(kA);
  Take(kB);
  ASSERT_TRUE(sharing_.Acknowledge(kB, At(2), now_).ok());
  sharing_.RemoveConsumer(kA);
  sharing_.RemoveConsumer(kB);
  EXPECT_EQ(Mark(), 0u);
  sharing_.AddConsumer(kC, 10);
  for (std::uint64_t i = 1; i <= 3; ++i) Add(i, std::string(1, static_cast<char>('s' + i)));
  EXPECT_THAT(Take(kC), ElementsAre(1, 3));
  ASSERT_TRUE(sharing_.Acknowledge(kC, At(3), now_).ok());
  EXPECT_EQ(Mark(), 3u);
}

TEST_F(EventSharingTest, AcknowledgesUpToAPlaceWhoeverHasTheEvents) {
  sharing_.AddConsumer(kA, 1);
  Add(1, "t");
  Take(kA);
  sharing_.AddConsumer(kB, 10);
  Add(2, "u");
  Add(3, "t");
  EXPECT_THAT(Take(kB), ElementsAre(2));
  sharing_.AcknowledgeUpTo(At(3), now_);
  EXPECT_EQ(Mark(), 3u);
  EXPECT_EQ(sharing_.unacknowledged(), 0u);
  EXPECT_THAT(Take(kA), IsEmpty());
  Add(4, "t");
  EXPECT_THAT(Take(kB), ElementsAre(4));
}

TEST_F(EventSharingTest, PassesOverWhatWasAcknowledgedBeforeItWasRead) {
  sharing_.AcknowledgeUpTo(At(2), now_);
  sharing_.AddConsumer(kA, 10);
  for (std::uint64_t i = 1; i <= 3; ++i) Add(i, "t");
  EXPECT_THAT(Take(kA), ElementsAre(3));
}

TEST_F(EventSharingTest, CountsAConsumerIdleFromTheLastProgressItMade) {
  sharing_.AddConsumer(kA, 10);
  EXPECT_EQ(sharing_.IdleSince(kA), std::nullopt);
  Add(1, "t");
  Add(2, "t");
  now_ = After(1);
  Take(kA);
  EXPECT_EQ(sharing_.IdleSince(kA), After(1));
  ASSERT_TRUE(sharing_.Acknowledge(kA, At(1), After(5)).ok());
  EXPECT_EQ(sharing_.IdleSince(kA), After(5));
  ASSERT_TRUE(sharing_.Acknowledge(kA, At(2), After(6)).ok());
  EXPECT_EQ(sharing_.IdleSince(kA), std::nullopt);
}

TEST_F(EventSharingTest, MarksWhatMayHaveBeenSentBeforeItWasMade) {
  sharing_.AddConsumer(kA, 10);
  Add(1, "t");
  Add(2, "t");
  sharing_.TakeFor(kA, {10, 1u << 20}, At(1), now_, response_);
  EXPECT_EQ(response_.redelivered(), 1u);
  EXPECT_EQ(sharing_.redelivered(), 0u);
}

// Any number of consumers come, are sent, acknowledge and leave, at random.
class EventSharingAtRandom : public ::testing::TestWithParam<int> {};

TEST_P(EventSharingAtRandom, SendsEachEventUntilItIsAcknowledgedAndEachTasksInOrder) {
  std::mt19937 random(static_cast<unsigned>(GetParam()));
  const auto draw = [&](int below) {
    return static_cast<int>(random() % static_cast<unsigned>(below));
  };
  EventSharing sharing(At(0));
  std::map<ConsumerNumber, std::vector<std::uint64_t>> sent;
  std::set<std::uint64_t> acknowledged;
  std::vector<std::string> tasks(1);
  for (int i = 0; i < 2000; ++i) {
    tasks.push_back(draw(10) == 0 ? "" : "t" + std::to_string(draw(30)));
  }
  std::uint64_t read = 0;
  bool put_down = false;
  std::uint64_t last_consumer = 0;
  const Time now = After(1);
  const auto finish_event = [&](std::uint64_t place) {
    EXPECT_TRUE(acknowledged.insert(place).second);
  };
  const auto unacknowledged_before = [&](std::uint64_t place) {
    for (std::uint64_t i = 1; i < place; ++i) {
      if (tasks[i] == tasks[place] && !acknowledged.contains(i)) return true;
    }
    return false;
  };
  while (acknowledged.size() < 2000) {
    const int what = draw(20);
    if (sent.empty() || (what == 0 && sent.size() < 4)) {
      const ConsumerNumber fresh{++last_consumer};
      sharing.AddConsumer(fresh, static_cast<std::uint32_t>(1 + draw(50)));
      sent[fresh];
      continue;
    }
    auto chosen = std::next(sent.begin(), draw(static_cast<int>(sent.size())));
    if (what == 1) {
      sharing.RemoveConsumer(chosen->first);
      sent.erase(chosen);
      // Then they are read again.
      if (sent.empty()) {
        read = Raw(sharing.mark().sequence);
        put_down = true;
      }
    } else if (what < 8) {
      for (int i = draw(20); i > 0 && sharing.HasRoom() && read < 2000; --i) {
        v1::Event event;
        event.set_task_id(tasks[++read]);
        event.set_cursor(At(read).ToString());
        sharing.Add(At(read), std::move(event));
      }
    } else if (what < 15) {
      v1::SubscribeResponse response;
      sharing.TakeFor(chosen->first, {static_cast<std::size_t>(1 + draw(20)), 1u << 20}, At(0), now,
                      response);
      for (const v1::Event& event : response.events()) {
        const std::uint64_t place = Raw(EventCursor::Parse(event.cursor())->sequence);
        ASSERT_FALSE(acknowledged.contains(place));
        for (const auto& [other, theirs] : sent) {
          for (const std::uint64_t held : theirs) {
            ASSERT_NE(held, place);
            if (tasks[held] != tasks[place]) continue;
            // The task is this consumer's, and goes on.
            ASSERT_EQ(other, chosen->first);
            ASSERT_LT(held, place);
          }
        }
        // What comes before it in its task was acknowledged, or this consumer has it.
        if (unacknowledged_before(place)) {
          const bool has_it = std::ranges::any_of(
              chosen->second, [&](std::uint64_t held) { return tasks[held] == tasks[place]; });
          ASSERT_TRUE(has_it) << place;
        }
        chosen->second.push_back(place);
      }
    } else if (!chosen->second.empty()) {
      const auto upto = static_cast<std::size_t>(draw(static_cast<int>(chosen->second.size())));
      ASSERT_TRUE(sharing.Acknowledge(chosen->first, At(chosen->second[upto]), now).ok());
      for (std::size_t i = 0; i <= upto; ++i) finish_event(chosen->second[i]);
      chosen->second.erase(chosen->second.begin(),
                           chosen->second.begin() + static_cast<std::ptrdiff_t>(upto) + 1);
    }
    std::uint64_t low = 0;
    while (acknowledged.contains(low + 1)) ++low;
    // What was acknowledged before all consumers left is seen again only when it is read again.
    ASSERT_LE(Raw(sharing.mark().sequence), low);
    ASSERT_TRUE(put_down || Raw(sharing.mark().sequence) == low);
  }
  sharing.PassOver(At(2000));
  EXPECT_EQ(Raw(sharing.mark().sequence), 2000u);
  EXPECT_EQ(sharing.at_hand(), 0u);
  EXPECT_EQ(sharing.acknowledged(), 2000u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, EventSharingAtRandom, ::testing::Range(1, 21));

}  // namespace
}  // namespace tasker::service
