#include "service/tasks/new_task_id.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace tasker::service {
namespace {

engine::Timestamp AtMillis(std::int64_t millis) {
  return engine::Timestamp(std::chrono::milliseconds(millis));
}

TEST(NewTaskId, IsAUuidOfVersionSevenThatBeginsWithItsMilliseconds) {
  for (int i = 0; i < 100; ++i) {
    const std::string text = NewTaskId(AtMillis(0x0123456789ab)).ToString();
    EXPECT_EQ(text.substr(0, 15), "01234567-89ab-7") << text;
    EXPECT_NE(std::string("89ab").find(text[19]), std::string::npos) << text;
  }
}

TEST(NewTaskId, NeverComesTwiceInOneMillisecond) {
  std::set<std::string> ids;
  for (int i = 0; i < 10'000; ++i) ids.insert(NewTaskId(AtMillis(1)).ToString());
  EXPECT_EQ(ids.size(), 10'000u);
}

TEST(NewTaskId, OfALaterMillisecondSortsBehind) {
  EXPECT_LT(NewTaskId(AtMillis(1'000)).bytes(), NewTaskId(AtMillis(1'001)).bytes());
}

}  // namespace
}  // namespace tasker::service
