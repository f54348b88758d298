// Filling in values.
#include "clients/http_handler/placeholders.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tasker/testkit/made_step.h"

namespace tasker::http_handler {
namespace {

using client::Json;
using ::testing::HasSubstr;

class Placeholders : public ::testing::Test {
 protected:
  std::string FillText(const std::string& text, Encoding encoding) {
    return Fill(text, values_, encoding);
  }
  std::string ErrorOf(const std::string& text, Encoding encoding = Encoding::kPlain) {
    try {
      return "no error, but " + FillText(text, encoding);
    } catch (const client::PermanentError& error) {
      return error.what();
    }
  }

  testkit::MadeStep made_{{{"id", 9007199254740993},
                           {"name", "Zoë \"Z\" / ?"},
                           {"order", {{"items", {{{"sku", "T-1"}}, {{"sku", "T-2"}}}}}},
                           {"none", nullptr}},
                          {{"fetch-order", {{"total", 2.5}}}},
                          {.name = "pay", .item = Json({{"n", 1}}), .item_index = 3}};
  Values values_{made_.task(), made_.sequence(), made_.step()};
};

TEST_F(Placeholders, Url_EncodesEveryValue) {
  EXPECT_EQ(FillText("http://x/{{context.id}}/{{ context.name }}?s={{context.order.items[1].sku}}",
                     Encoding::kUrl),
            "http://x/9007199254740993/Zo%C3%AB%20%22Z%22%20%2F%20%3F?s=T-2");
}

TEST_F(Placeholders, Json_EscapesTextAndPrintsTheRest) {
  EXPECT_EQ(FillText(R"({"n":"{{context.name}}","i":{{context.order.items}}})", Encoding::kJson),
            R"({"n":"Zoë \"Z\" / ?","i":[{"sku":"T-1"},{"sku":"T-2"}]})");
}

TEST_F(Placeholders, Plain_IsAsItIs) {
  EXPECT_EQ(FillText("{{context.name}} {{context.none}} {{steps.fetch-order.results.total}}",
                     Encoding::kPlain),
            "Zoë \"Z\" / ? null 2.5");
}

TEST_F(Placeholders, All_RootsAreKnown) {
  EXPECT_EQ(FillText("{{steps.fetch-order.state}} {{item.n}} {{step.item_index}} {{step.name}} "
                     "{{step.attempt_number}} {{task.name}} {{task.namespace}}",
                     Encoding::kPlain),
            "complete 1 3 pay 1 the_task default");
}

TEST_F(Placeholders, JsonValue_OfOnePlaceholderKeepsItsType) {
  const Json body = {{"id", "{{context.id}}"},
                     {"text", "no. {{context.id}}"},
                     {"items", {"{{ context.order.items }}", 7, nullptr}},
                     {"two", "{{context.id}}{{context.id}}"}};
  EXPECT_EQ(Fill(body, values_),
            Json({{"id", 9007199254740993},
                  {"text", "no. 9007199254740993"},
                  {"items", {{{{"sku", "T-1"}}, {{"sku", "T-2"}}}, 7, nullptr}},
                  {"two", "90071992547409939007199254740993"}}));
}

TEST_F(Placeholders, Values_AreNotFilledAgain) {
  testkit::MadeStep made(Json{{"a", "{{context.b}}"}, {"b", "secret"}});
  const Values values(made.task(), made.sequence(), made.step());
  EXPECT_EQ(Fill(std::string("{{context.a}}"), values, Encoding::kPlain), "{{context.b}}");
}

TEST_F(Placeholders, Mistakes_AreNamed) {
  EXPECT_THAT(ErrorOf("{{context.missing}}"), HasSubstr("`{{context.missing}}` has no value"));
  EXPECT_THAT(ErrorOf("{{environment.HOME}}"), HasSubstr("begins with none of"));
  EXPECT_THAT(ErrorOf("{{context.a b}}"), HasSubstr("no path"));
  EXPECT_THAT(ErrorOf("{{}}"), HasSubstr("no path"));
  EXPECT_THAT(ErrorOf("a {{context.id"), HasSubstr("has no end"));
  EXPECT_THAT(ErrorOf("{{steps.nobody.results.x}}"), HasSubstr("no step `nobody`"));
  EXPECT_THAT(ErrorOf("{{steps.fetch-order.secret}}"), HasSubstr("has no value"));
  EXPECT_THAT(ErrorOf("{{context.none}}", Encoding::kUrl), HasSubstr("null"));
  EXPECT_THAT(ErrorOf("{{context.order}}", Encoding::kUrl), HasSubstr("object"));
}

}  // namespace
}  // namespace tasker::http_handler
