// Places in JSON values.
#include "clients/http_handler/json_path.h"

#include <string>

#include "gtest/gtest.h"

namespace tasker::http_handler {
namespace {

using client::Json;

const Json kRoot = {{"a", {{"b", {1, {{"c", "x"}}}}, {"d.e", 2}, {"f/g", 3}, {"0", 4}, {"", 5}}}};

Json At(const std::string& path) {
  const auto parsed = ParsePath(path);
  if (!parsed) return "no path";
  const Json* const found = parsed->Find(kRoot);
  return found == nullptr ? Json("nothing") : *found;
}

TEST(JsonPath, Dots_AndBrackets) {
  EXPECT_EQ(At("a.b[0]"), 1);
  EXPECT_EQ(At("a.b.0"), 1);
  EXPECT_EQ(At("a.b[1].c"), "x");
  EXPECT_EQ(At("a[\"d.e\"]"), 2);
  EXPECT_EQ(At("a['f/g']"), 3);
  EXPECT_EQ(At("a.0"), 4);
}

TEST(JsonPath, Pointer) {
  EXPECT_EQ(At("/a/b/0"), 1);
  EXPECT_EQ(At("/a/b/1/c"), "x");
  EXPECT_EQ(At("/a/f~1g"), 3);
  EXPECT_EQ(At("/a/"), 5);
  EXPECT_EQ(At("/a~0"), "nothing");
  EXPECT_EQ(At("/a~2"), "no path");
}

TEST(JsonPath, What_IsNotThere) {
  for (const char* path : {"b", "a.b[2]", "a.b.c", "a.b[0].c", "a.x.y", "a.b.01", "a.b.-1"}) {
    EXPECT_EQ(At(path), "nothing") << path;
  }
}

TEST(JsonPath, What_IsNoPath) {
  for (const char* path : {"", ".", "a.", ".a", "a..b", "a[", "a[]", "a[x]", "a[0", "a[\"x]", "a b",
                           "a.b[0]c", "a.[0]", "a{b}"}) {
    EXPECT_EQ(At(path), "no path") << path;
  }
}

}  // namespace
}  // namespace tasker::http_handler
