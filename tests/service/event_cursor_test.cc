#include "service/events/event_cursor.h"

#include <gtest/gtest.h>

namespace tasker::service {
namespace {

TEST(EventCursor, IsReadAsItIsWritten) {
  const EventCursor event{storage::PartitionId{3}, storage::Sequence{42}, 7};
  EXPECT_EQ(event.ToString(), "3-42-7");
  EXPECT_EQ(EventCursor::Parse("3-42-7"), event);
  const EventCursor commit{storage::PartitionId{0}, storage::Sequence{9}};
  EXPECT_EQ(commit.ToString(), "0-9");
  EXPECT_EQ(EventCursor::Parse("0-9"), commit);
  EXPECT_LT(EventCursor::Parse("0-9-1"), EventCursor::Parse("0-9"));
  const EventCursor mirror{storage::PartitionId{3}, storage::Sequence{42}, 7, 2};
  EXPECT_EQ(mirror.ToString(), "3-42-7-2");
  EXPECT_EQ(EventCursor::Parse("3-42-7-2"), mirror);
  EXPECT_LT(event, mirror);
}

TEST(EventCursor, IsNotReadFromAnythingElse) {
  for (const char* text :
       {"", "x", "0", "0-", "-0-1", "0-1-", "0-1-2-0", "0-1-4294967295-1", "0-1-2-3-4", " 0-1",
        "0-+1", "65536-1", "0-99999999999999999999", "0-1-99999999999", "00-1"}) {
    EXPECT_FALSE(EventCursor::Parse(text)) << text;
  }
}

}  // namespace
}  // namespace tasker::service
