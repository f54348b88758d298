#include "config/spelling.h"

#include <vector>

#include <gtest/gtest.h>

namespace tasker::config {
namespace {

TEST(EditDistance, CountsLettersPutInTakenOutAndChanged) {
  EXPECT_EQ(EditDistance("", ""), 0u);
  EXPECT_EQ(EditDistance("abc", "abc"), 0u);
  EXPECT_EQ(EditDistance("abc", "abd"), 1u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
}

TEST(NearestSpelling, FindsWhatWasMeantAndNothingFarOff) {
  const std::vector<std::string> known = {"name", "version", "handler_class"};
  EXPECT_EQ(NearestSpelling("nmae", known), "name");
  EXPECT_EQ(NearestSpelling("handlerclass", known), "handler_class");
  EXPECT_EQ(NearestSpelling("schedule", known), std::nullopt);
  EXPECT_EQ(NearestSpelling("", known), std::nullopt);
  EXPECT_EQ(NearestSpelling(std::string(10'000, 'x'), known), std::nullopt);
}

}  // namespace
}  // namespace tasker::config
