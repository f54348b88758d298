#include "config/context_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tasker::config {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kOrder[] = R"({"type":"object","required":["order_id","customer_id"],"properties":{
    "order_id":{"type":"integer"},"customer_id":{"type":"integer"},
    "priority":{"type":"string","enum":["low","high"]},
    "items":{"type":"array","items":{"type":"object","properties":{"sku":{"type":"string"}}}}}})";

std::vector<std::string> FaultsOf(std::string_view schema, std::string_view document) {
  const auto compiled = ContextSchema::Compile(schema);
  EXPECT_TRUE(compiled.ok()) << compiled.status();
  std::vector<std::string> faults;
  if (!compiled.ok()) return {"does not compile"};
  for (const SchemaFault& fault : compiled->Check(document)) {
    faults.push_back(fault.pointer + ": " + fault.reason);
  }
  return faults;
}

std::string RefusalOf(std::string_view schema) {
  return std::string(ContextSchema::Compile(schema).status().message());
}

TEST(ContextSchema, TakesWhatSatisfiesIt) {
  EXPECT_THAT(FaultsOf(kOrder, R"({"order_id":1,"customer_id":18446744073709551615})"), IsEmpty());
}

TEST(ContextSchema, NamesEveryFaultWithItsPlace) {
  const auto faults =
      FaultsOf(kOrder, R"({"order_id":"x","priority":"huge","items":[{"sku":"a"},{"sku":7}]})");
  EXPECT_THAT(faults, testing::Contains("/order_id: must be of type \"integer\", is string"));
  EXPECT_THAT(faults,
              testing::Contains("/priority: must be one of [\"low\",\"high\"], is \"huge\""));
  EXPECT_THAT(faults, testing::Contains("/items/1/sku: must be of type \"string\", is number"));
  EXPECT_THAT(faults, testing::Contains(HasSubstr("customer_id")));
}

TEST(ContextSchema, EscapesNamesInPointers) {
  EXPECT_THAT(FaultsOf(R"({"properties":{"a/b~c":{"type":"integer"}}})", R"({"a/b~c":"x"})"),
              testing::ElementsAre("/a~1b~0c: must be of type \"integer\", is string"));
}

TEST(ContextSchema, MatchesPatternsOfAnyTextInBoundedTime) {
  constexpr char kSchema[] = R"({"properties":{"a":{"type":"string","pattern":"^(x+x+)+y$"}}})";
  EXPECT_THAT(FaultsOf(kSchema, R"({"a":"xxy"})"), IsEmpty());
  // Both would end a matcher that goes back, one its time and one its stack.
  EXPECT_EQ(FaultsOf(kSchema, R"({"a":")" + std::string(64, 'x') + "\"}").size(), 1u);
  EXPECT_EQ(FaultsOf(kSchema, R"({"a":")" + std::string(4 << 20, 'x') + "\"}").size(), 1u);
}

TEST(ContextSchema, ComparesItemsThatMustDifferInBoundedTime) {
  constexpr char kSchema[] =
      R"({"properties":{"a":{"uniqueItems":true},"b":{"uniqueItems":false}}})";
  EXPECT_THAT(FaultsOf(kSchema, R"({"a":[1,"1",{"x":1,"y":2},[1]],"b":[1,1]})"), IsEmpty());
  EXPECT_THAT(FaultsOf(kSchema, R"({"a":[{"x":1,"y":2},{"y":2,"x":1}]})"),
              testing::ElementsAre("/a: must hold no item twice"));
  std::string many = "[0";
  for (int i = 0; i < 100'000; ++i) many += ",1";
  EXPECT_EQ(FaultsOf(kSchema, R"({"a":)" + many + "]}").size(), 1u);
}

TEST(ContextSchema, NamesOnlySoManyFaults) {
  constexpr char kSchema[] = R"({"properties":{"a":{"items":{"type":"string"}}}})";
  std::string many = "[0";
  for (int i = 0; i < 1'000; ++i) many += ",1";
  EXPECT_EQ(FaultsOf(kSchema, R"({"a":)" + many + "]}").size(), kFaultsMax);
  for (int i = 0; i < 1'000'000; ++i) many += ",1";
  EXPECT_EQ(FaultsOf(kSchema, R"({"a":)" + many + "]}").size(), 1u);
}

TEST(ContextSchema, ChecksDatesByTheirForm) {
  constexpr char kSchema[] =
      R"({"properties":{"at":{"format":"date-time"},"id":{"format":"uuid"}}})";
  EXPECT_THAT(FaultsOf(kSchema, R"({"at":"2026-11-23T17:00:00Z","id":"anything"})"), IsEmpty());
  EXPECT_THAT(FaultsOf(kSchema, R"({"at":"yesterday"})"),
              testing::ElementsAre("/at: must have the format `date-time`"));
}

TEST(ContextSchema, LeavesAPropertyThatIsCalledPatternAlone) {
  constexpr char kSchema[] =
      R"({"properties":{"pattern":{"type":"integer"},"format":{"type":"integer"}}})";
  EXPECT_THAT(FaultsOf(kSchema, R"({"pattern":1,"format":2})"), IsEmpty());
  EXPECT_EQ(FaultsOf(kSchema, R"({"pattern":"x"})").size(), 1u);
}

TEST(ContextSchema, FollowsReferencesWithinItself) {
  constexpr char kTree[] = R"({"definitions":{"node":{"type":"object","properties":{
      "next":{"$ref":"#/definitions/node"}}}},"$ref":"#/definitions/node"})";
  EXPECT_THAT(FaultsOf(kTree, R"({"next":{"next":{}}})"), IsEmpty());
  EXPECT_FALSE(FaultsOf(kTree, R"({"next":{"next":1}})").empty());
}

TEST(ContextSchema, RefusesWhatItCannotBeHeldTo) {
  EXPECT_THAT(RefusalOf("{"), HasSubstr("is not a JSON Schema"));
  EXPECT_THAT(RefusalOf("3"), HasSubstr("must be an object"));
  EXPECT_THAT(RefusalOf(R"({"type":"no such type"})"), HasSubstr("is not a JSON Schema"));
  EXPECT_THAT(RefusalOf(R"({"properties":{"a":{"$ref":"http://example.com/x"}}})"),
              HasSubstr("/properties/a/$ref: must be `#`"));
  EXPECT_THAT(RefusalOf(R"({"$ref":"#/definitions/none"})"), HasSubstr("/$ref"));
  EXPECT_THAT(RefusalOf(R"({"$ref":"#"})"), HasSubstr("without end"));
  EXPECT_THAT(RefusalOf(R"({"definitions":{"a":{"allOf":[{"$ref":"#/definitions/b"}]},
                            "b":{"not":{"$ref":"#/definitions/a"}}}})"),
              HasSubstr("without end"));
  EXPECT_THAT(RefusalOf(R"x({"properties":{"a":{"pattern":"(?=x)"}}})x"),
              HasSubstr("/properties/a/pattern: is no regular expression"));
  EXPECT_THAT(RefusalOf(R"({"patternProperties":{"a":{}}})"), HasSubstr("/patternProperties"));
}

TEST(ContextSchema, CountsATextThatIsNotJsonAsOneFault) {
  EXPECT_EQ(FaultsOf(kOrder, "{").size(), 1u);
}

}  // namespace
}  // namespace tasker::config
