#include "service/tasks/new_task_id.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "storage/keys.h"

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

TEST(NewTaskId, OfALaterMillisecondLiesBehindInTheStore) {
  // From a day on which the slots begin anew; they do after 70 minutes.
  constexpr std::int64_t kBegin = 0x0190'0000'0000;
  std::string last;
  for (std::int64_t millis = kBegin; millis < kBegin + 60'000; millis += 7) {
    const std::string key = storage::TaskKey(NewTaskId(AtMillis(millis)).bytes());
    EXPECT_LT(last, key);
    last = key;
  }
}

}  // namespace
}  // namespace tasker::service
