#include "config/variables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tasker::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::optional<std::string> Lookup(std::string_view name) {
  if (name == "HOST") return "example.com";
  if (name == "EMPTY") return "";
  if (name == "NESTED") return "${HOST}";
  return std::nullopt;
}

std::string Filled(std::string_view text) { return Interpolate(text, Lookup).text; }

TEST(Interpolate, FillsInWhatIsSet) {
  EXPECT_EQ(Filled("http://${HOST}/${HOST}"), "http://example.com/example.com");
  EXPECT_EQ(Filled("${EMPTY}"), "");
  EXPECT_EQ(Filled("plain"), "plain");
}

TEST(Interpolate, TakesTheDefaultForWhatIsUnsetOrEmpty) {
  EXPECT_EQ(Filled("${UNSET:-a b}"), "a b");
  EXPECT_EQ(Filled("${EMPTY:-x}"), "x");
  EXPECT_EQ(Filled("${HOST:-x}"), "example.com");
  EXPECT_EQ(Filled("${UNSET:-}"), "");
}

TEST(Interpolate, LeavesWhatIsUnsetAndNamesIt) {
  const Interpolated filled = Interpolate("${A} ${HOST} ${B}", Lookup);
  EXPECT_EQ(filled.text, "${A} example.com ${B}");
  EXPECT_THAT(filled.unset, ElementsAre("A", "B"));
}

TEST(Interpolate, LeavesWhatIsNoReference) {
  for (const char* text :
       {"$HOST", "${", "${}", "${1A}", "${A-B}", "${A", "{cart_id}", "$${", "${A:x}"}) {
    const Interpolated filled = Interpolate(text, Lookup);
    EXPECT_EQ(filled.text, text);
    EXPECT_THAT(filled.unset, IsEmpty()) << text;
  }
}

TEST(Interpolate, DoesNotLookAgainAtWhatItFilledIn) { EXPECT_EQ(Filled("${NESTED}"), "${HOST}"); }

}  // namespace
}  // namespace tasker::config
