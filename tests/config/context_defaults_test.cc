#include "config/context_defaults.h"

#include <gtest/gtest.h>

namespace tasker::config {
namespace {

TEST(ContextDefaults, StandBehindWhatTheContextSays) {
  EXPECT_EQ(WithDefaults(R"({"a":1})", R"({"a":2,"b":3})"), R"({"a":1,"b":3})");
  EXPECT_EQ(WithDefaults(R"({})", R"({"b":3})"), R"({"b":3})");
  EXPECT_EQ(WithDefaults(R"({"a":1})", ""), R"({"a":1})");
  EXPECT_EQ(WithDefaults(R"({"a":null})", R"({"a":2})"), R"({"a":null})");
}

TEST(ContextDefaults, AreLaidBelowObjectsDeeplyAndGiveWayToLists) {
  EXPECT_EQ(WithDefaults(R"({"o":{"x":1,"p":{"q":1}},"l":[1]})",
                         R"({"o":{"y":2,"p":{"q":2,"r":3}},"l":[1,2,3]})"),
            R"({"o":{"x":1,"p":{"q":1,"r":3},"y":2},"l":[1]})");
  EXPECT_EQ(WithDefaults(R"({"o":1})", R"({"o":{"y":2}})"), R"({"o":1})");
}

TEST(ContextDefaults, LeaveTheContextsOwnBytesAlone) {
  EXPECT_EQ(WithDefaults(R"( { "n" : 1.10000000000000000001e400 , "u":"\u00e9" } )", R"({"d":1})"),
            R"({"n":1.10000000000000000001e400,"u":"\u00e9","d":1})");
}

TEST(ContextDefaults, KnowKeysHoweverTheyAreWritten) {
  EXPECT_EQ(WithDefaults(R"({"\u0061":1,"q\"x":2})", R"({"a":9,"q\"x":9})"), R"({"a":1,"q\"x":2})");
}

TEST(ContextDefaults, ChangeNothingThatIsNoObject) {
  EXPECT_EQ(WithDefaults("[1]", R"({"a":1})"), "[1]");
  EXPECT_EQ(WithDefaults("{broken", R"({"a":1})"), "{broken");
}

}  // namespace
}  // namespace tasker::config
