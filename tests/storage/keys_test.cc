// The bytes of every key, written out: stores live for years, so none of these may ever change.
#include "storage/keys.h"

#include <gtest/gtest.h>

namespace tasker::storage {
namespace {

using namespace std::string_literals;

const std::string kTask = "0123456789abcdef";
// FNV-1a of the above, modulo 1024.
const std::string kSlot = "\x03\x7d"s;

TEST(Keys, OfTasksBeginWithTheirSlot) {
  EXPECT_EQ(SlotOf(kTask), 0x37d);
  EXPECT_EQ(SlotOf(std::string(16, '\0')), 0x065);
  EXPECT_EQ(TaskKey(kTask), kSlot + kTask);
  EXPECT_EQ(TaskRangeBegin(0x0102), "\x01\x02"s);
  EXPECT_EQ(StepKey(kTask, 0x01020304), kSlot + kTask + "\x01\x02\x03\x04"s);
  EXPECT_EQ(HistoryKey(kTask, Sequence{0x0a}, 0x0b),
            kSlot + kTask + "\0\0\0\0\0\0\0\x0a"s + "\0\0\0\x0b"s);
}

TEST(Keys, AnIdIsPlacedInEverySlotByItsLastTwoBytes) {
  for (std::uint16_t slot = 0; slot < kSlotCount; ++slot) {
    std::string id = kTask;
    PlaceInSlot(slot, id);
    EXPECT_EQ(SlotOf(id), slot);
    EXPECT_EQ(id.substr(0, 14), kTask.substr(0, 14));
  }
}

TEST(Keys, OfLogsBeginWithTheirPartition) {
  EXPECT_EQ(PartitionKey(PartitionId{0x0304}), "\x03\x04"s);
  EXPECT_EQ(EventKey(PartitionId{1}, Sequence{0x0102}), "\0\x01\0\0\0\0\0\0\x01\x02"s);
  EXPECT_EQ(CreatedKey(PartitionId{1}, 0x0f, kTask),
            "\0\x01\xff\xff\xff\xff\xff\xff\xff\xf0"s + kTask);
  EXPECT_EQ(TemplateKey("ns", "n", "1.0"), "\x04\0ns\0n\0"s + "1.0");
}

TEST(Keys, AreReadBack) {
  EXPECT_EQ(TaskIdIn(TaskKey(kTask)), kTask);
  EXPECT_EQ(TaskIdIn(StepKey(kTask, 7)), kTask);
  EXPECT_EQ(StepIn(StepKey(kTask, 7)), 7u);
  EXPECT_EQ(EventSequenceIn(EventKey(PartitionId{3}, Sequence{99})), Sequence{99});
  EXPECT_EQ(CreatedTaskIdIn(CreatedKey(PartitionId{3}, 5, kTask)), kTask);
}

TEST(Keys, ThatAreMalformedAreNotRead) {
  for (const std::string& bytes : {""s, "x"s, kSlot + "0123"}) {
    EXPECT_FALSE(TaskIdIn(bytes));
    EXPECT_FALSE(StepIn(bytes));
    EXPECT_FALSE(EventSequenceIn(bytes));
    EXPECT_FALSE(CreatedTaskIdIn(bytes));
  }
  EXPECT_FALSE(StepIn(TaskKey(kTask)));
}

TEST(Keys, OfNewerTasksComeFirstInLists) {
  EXPECT_LT(CreatedKey(PartitionId{0}, 2, kTask), CreatedKey(PartitionId{0}, 1, kTask));
}

TEST(Keys, OfLaterEventsComeLater) {
  EXPECT_LT(EventKey(PartitionId{0}, Sequence{255}), EventKey(PartitionId{0}, Sequence{256}));
}

TEST(KeyAfter, LiesBehindEveryKeyOfThePrefix) {
  EXPECT_EQ(KeyAfter("ab"), "ac");
  EXPECT_EQ(KeyAfter("a\xff"), "b");
  EXPECT_EQ(KeyAfter("\xff\xff"), "");
}

}  // namespace
}  // namespace tasker::storage
