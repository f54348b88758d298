// From texts to trees.
#include "config/yaml/yaml_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/yaml/yaml_json.h"

namespace tasker::config {
namespace {

using ::testing::HasSubstr;

struct Parsed {
  std::string json;
  std::string said;
};

Parsed Parse(std::string_view text) {
  YamlReport report("t.yaml");
  const auto document = YamlDocument::Parse(text, 1 << 20, report);
  return {document ? ToJson(document->top(), VariableForm::kFilled).dump() : "",
          ToString(report.Take())};
}

TEST(YamlDocument, KeepsTheOrderOfKeys) {
  EXPECT_EQ(Parse("b: 1\na: {d: x, c: [y, 'z']}\n").json, R"({"b":1,"a":{"d":"x","c":["y","z"]}})");
}

TEST(YamlDocument, ReadsEveryStyleOfText) {
  EXPECT_EQ(Parse("a: |\n  one\n  two\nb: >-\n  one\n  two\nc: \"x\\ty\"\nd: 'it''s'\n").json,
            R"({"a":"one\ntwo\n","b":"one two","c":"x\ty","d":"it's"})");
  EXPECT_EQ(Parse("a: {\"b\":1, url: http://x:80/y}\n").json,
            R"({"a":{"b":1,"url":"http://x:80/y"}})");
}

TEST(YamlDocument, PassesOverAByteOrderMarkAndDirectives) {
  EXPECT_EQ(Parse("\xef\xbb\xbf%YAML 1.1\n---\na: 1\n").json, R"({"a":1})");
}

TEST(YamlDocument, WritesAliasesOut) {
  EXPECT_EQ(Parse("a: &x [1, {b: 2}]\nc: *x\nd: {e: *x}\n").json,
            R"({"a":[1,{"b":2}],"c":[1,{"b":2}],"d":{"e":[1,{"b":2}]}})");
}

TEST(YamlDocument, TakesInTheKeysOfMergedMapsBehindItsOwn) {
  EXPECT_EQ(Parse("base: &b {x: 1, y: 2}\nover: {<<: *b, y: 3}\n").json,
            R"({"base":{"x":1,"y":2},"over":{"y":3,"x":1}})");
  EXPECT_EQ(Parse("a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*a, *b], z: 3}\n").json,
            R"({"a":{"x":1},"b":{"x":2,"y":2},"c":{"z":3,"x":1,"y":2}})");
  EXPECT_EQ(Parse("a: {'<<': 1}\n").json, R"({"a":{"<<":1}})");
}

TEST(YamlDocument, TakesTheLastOfARepeatedKeyAndSaysSo) {
  const Parsed parsed = Parse("a: 1\nb: {c: 1, c: 2}\na: 3\n");
  EXPECT_EQ(parsed.json, R"({"a":3,"b":{"c":2}})");
  EXPECT_EQ(parsed.said,
            "t.yaml:2:11: warning: b.c: stands twice; the last one counts\n"
            "t.yaml:3:1: warning: a: stands twice; the last one counts");
  std::string many = "m:\n";
  for (int i = 0; i < 40; ++i)
    many += "  k" + std::to_string(i % 20) + ": " + std::to_string(i) + "\n";
  EXPECT_THAT(Parse(many).json, HasSubstr(R"("k0":20,"k1":21)"));
}

TEST(YamlDocument, ReadsOnlyTheFirstOfSeveralAndSaysSo) {
  const Parsed parsed = Parse("a: 1\n---\n: no : yaml : [\n");
  EXPECT_EQ(parsed.json, R"({"a":1})");
  EXPECT_EQ(parsed.said, "t.yaml:2:1: warning: only the first document of a file is read");
}

TEST(YamlDocument, ObeysTagsOfYamlItself) {
  EXPECT_EQ(Parse("a: !!str 12\nb: !!map {c: !!seq [1]}\n").json, R"({"a":"12","b":{"c":[1]}})");
}

TEST(YamlDocument, CountsTheLinesOfEveryKindOfLineBreak) {
  EXPECT_THAT(Parse("a: 1\r\nb: 2\r\nc: *x\r\n").said, HasSubstr("t.yaml:3:4"));
}

}  // namespace
}  // namespace tasker::config
