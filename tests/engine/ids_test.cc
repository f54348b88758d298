#include "engine/model/ids.h"

#include <gtest/gtest.h>

namespace tasker::engine {
namespace {

constexpr char kText[] = "00112233-4455-6677-8899-aabbccddeeff";

TEST(TaskId, IsReadAndWrittenAsAUuid) {
  const auto id = TaskId::Parse(kText);
  ASSERT_TRUE(id);
  EXPECT_EQ(
      id->bytes(),
      std::string_view("\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff", 16));
  EXPECT_EQ(id->ToString(), kText);
  EXPECT_EQ(TaskId::Parse("00112233-4455-6677-8899-AABBCCDDEEFF"), id);
  EXPECT_EQ(TaskId::FromBytes(id->bytes()), id);
}

TEST(TaskId, IsNotReadFromAnythingElse) {
  for (const char* text :
       {"", "x", "00112233445566778899aabbccddeeff", "00112233-4455-6677-8899-aabbccddeef",
        "00112233-4455-6677-8899-aabbccddeefff", "0011223g-4455-6677-8899-aabbccddeeff",
        "00112233-4455-6677-8899+aabbccddeeff"}) {
    EXPECT_FALSE(TaskId::Parse(text)) << text;
  }
  EXPECT_FALSE(TaskId::FromBytes("short"));
}

TEST(StepIdText, IsTheTasksIdAndTheStepsIndex) {
  EXPECT_EQ(StepIdText(*TaskId::Parse(kText), StepIndex{7}), std::string(kText) + ".7");
}

}  // namespace
}  // namespace tasker::engine
