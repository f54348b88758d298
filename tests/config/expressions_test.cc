// The expression language: what it means, and what it refuses.
#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/expressions/decision_choice.h"
#include "config/expressions/expression_compiler.h"

namespace tasker::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Scope : public engine::ExpressionScope {
 public:
  std::string context = R"({
    "n": 7, "big": 9007199254740993, "f": 1.0, "t": "ten", "yes": true, "no": false, "nil": null,
    "list": [1, "two", {"x": 3}], "map": {"odd key": 4, "a-b": 5}, "when": "2026-01-31T12:00:00Z"})";
  std::string results = R"({"score": 0.5, "tags": ["a", "b"]})";
  std::string item = R"({"id": 3})";

  std::string_view Context() const override { return context; }
  std::string_view ResultsOf(engine::StepIndex step) const override {
    return Raw(step) == 1 ? std::string_view(results) : std::string_view();
  }
  std::string_view Item() const override { return item; }
};

ExpressionNames Names() {
  ExpressionNames names;
  names.has_item = true;
  names.find_step = [](std::string_view name) -> absl::StatusOr<engine::StepIndex> {
    if (name == "score") return engine::StepIndex{1};
    if (name == "not done") return engine::StepIndex{2};
    return absl::InvalidArgumentError("there is no step `" + std::string(name) + "`");
  };
  return names;
}

std::string ValueOf(const std::string& text) {
  const auto compiled = CompileExpression(text, Names());
  if (!compiled.ok()) return "refused: " + std::string(compiled.status().message());
  const auto value = (*compiled)->Json(Scope());
  return value.ok() ? *value : "error: " + std::string(value.status().message());
}

TEST(Expressions, HaveTheseValues) {
  const std::map<std::string, std::string> values = {
      {"context.n", "7"},
      {"context.big", "9007199254740993"},
      {"context.big == 9007199254740993", "true"},
      {"context.big == 9007199254740992", "false"},
      {"context.f == 1", "true"},
      {"context.list[1]", R"("two")"},
      {"context.list[-1].x", "3"},
      {"context.list[9]", "null"},
      {"context.map['odd key']", "4"},
      {"context.map.a-b", "5"},
      {"context.none.of.this", "null"},
      {"steps.score.results.tags", R"(["a","b"])"},
      {"steps['not done'].results.x", "null"},
      {"item.id", "3"},
      {"'it''s' == 'x'", "refused: column 5: expected an operator or the end, found \"s\""},
      {R"("a\"b")", R"("a\"b")"},
      {"[1, 'a', context.n]", R"([1,"a",7])"},
      {"1 < 2 and 2 <= 2 and 3 > 2 and 3 >= 3 and 1 != 2", "true"},
      {"'a' < 'b'", "true"},
      {"context.nil < 1", "false"},
      {"context.none == null", "true"},
      {"context.n > 5 && !(context.t == 'x') || false", "true"},
      {"true or false and false", "true"},
      {"not true or true", "true"},
      {"not (true or true)", "false"},
      {"not not true", "true"},
      {"not context.n == 7", "false"},
      {"'a' in steps.score.results.tags", "true"},
      {"'c' not in steps.score.results.tags", "true"},
      {"'en' in context.t", "true"},
      {"'odd key' in context.map", "true"},
      {"1 in context.none", "false"},
      {"{",
       "refused: column 1: expected a value: `context`, `steps.NAME.results`, `item`, a "
       "literal or `(`, found `{`"},
      {"length(context.list) == 3", "true"},
      {"length('äö')", "2"},
      {"length(context.none)", "0"},
      {"exists(context.n) and not exists(context.nil)", "true"},
      {"-1.5e2", "-150.0"},
      {"context.no and context.t", "false"},
  };
  for (const auto& [text, value] : values) EXPECT_EQ(ValueOf(text), value) << text;
}

TEST(Expressions, RefuseWhatTheyCannotMean) {
  const std::map<std::string, std::string> refused = {
      {"", "column 1: expected a value"},
      {"context.", "column 9: expected a key, found the end"},
      {"context.n = 7", "column 11: expected an operator or the end, found `=` (equality is `==`)"},
      {"contxt.n", "column 1: expected a value"},
      {"'abc", "column 1: the string has no end"},
      {"context.n > ", "found the end"},
      {"(1 == 1", "expected `)`"},
      {"[1, 2", "expected `,` or `]`"},
      {"steps.nobody.results", "there is no step `nobody`"},
      {"steps.score", "expected `.results`"},
      {"length context", "expected `(`"},
      {"1 == 1 == 1", "expected an operator or the end"},
      {"context.list[1.5]", "a key in quotes or a whole number"},
      {"a ; b", "`;` has no meaning here"},
      {std::string(100, '(') + "1", "is nested deeper than 64"},
      {std::string(5000, ' '), "over an expression's limit of 4096"},
  };
  for (const auto& [text, why] : refused) EXPECT_THAT(ValueOf(text), HasSubstr(why)) << text;
  ExpressionNames without_item = Names();
  without_item.has_item = false;
  EXPECT_THAT(std::string(CompileExpression("item.x", without_item).status().message()),
              HasSubstr("only in a `for_each` step"));
}

TEST(Expressions, FailWhereTheirDataHasNoMeaning) {
  const std::map<std::string, std::string> errors = {
      {"context.t > 1", "a string and a number have no order"},
      {"context.n and true", "a number is neither true nor false"},
      {"not context.t", "a string is neither true nor false"},
      {"1 in context.n", "cannot be in a number"},
      {"length(context.n)", "a number has no length"},
  };
  for (const auto& [text, why] : errors) {
    EXPECT_THAT(ValueOf(text), testing::AllOf(HasSubstr("error: `" + text), HasSubstr(why)));
  }
  Scope broken;
  broken.context = "{";
  EXPECT_FALSE((*CompileExpression("context.n", Names()))->Test(broken).ok());
}

TEST(Expressions, AreConditionsArraysAndMoments) {
  const auto compile = [](const char* text) { return *CompileExpression(text, Names()); };
  EXPECT_TRUE(*compile("context.yes")->Test(Scope()));
  EXPECT_FALSE(*compile("context.nil")->Test(Scope()));
  EXPECT_FALSE(compile("context.n")->Test(Scope()).ok());
  EXPECT_THAT(*compile("context.list")->Elements(Scope()),
              ElementsAre("1", R"("two")", R"({"x":3})"));
  EXPECT_FALSE(compile("context.n")->Elements(Scope()).ok());
  EXPECT_THAT(*compile("steps.score.results.tags")->Names(Scope()), ElementsAre("a", "b"));
  EXPECT_FALSE(compile("context.list")->Names(Scope()).ok());
  EXPECT_EQ(compile("context.when")->Moment(Scope())->time_since_epoch(),
            std::chrono::seconds(1769860800));
  EXPECT_EQ(compile("1769860800.5")->Moment(Scope())->time_since_epoch(),
            std::chrono::milliseconds(1769860800500));
  EXPECT_FALSE(compile("context.t")->Moment(Scope()).ok());
  EXPECT_FALSE(compile("-5")->Moment(Scope()).ok());
  EXPECT_EQ(*TextExpression("2026-01-31T12:00:00Z")->Json(Scope()), R"("2026-01-31T12:00:00Z")");
}

TEST(DecisionChoice, TakesTheFormsOfBothPredecessors) {
  const auto chosen = [](std::string results) -> absl::StatusOr<std::vector<std::string>> {
    Scope scope;
    scope.results = std::move(results);
    return DecisionChoice(engine::StepIndex{1})->Names(scope);
  };
  EXPECT_THAT(*chosen(R"({"create_steps": ["a", "b"]})"), ElementsAre("a", "b"));
  EXPECT_THAT(*chosen(R"({"branches": ["a"]})"), ElementsAre("a"));
  EXPECT_THAT(*chosen(R"({"type": "create_steps", "step_names": ["a"]})"), ElementsAre("a"));
  EXPECT_TRUE(chosen(R"({"no_branches": true})")->empty());
  EXPECT_TRUE(chosen(R"({"type": "no_branches"})")->empty());
  for (const char* wrong :
       {"", "7", "{}", R"({"create_steps": "a"})", R"({"create_steps": [1]})"}) {
    EXPECT_THAT(std::string(chosen(wrong).status().message()), HasSubstr("create_steps")) << wrong;
  }
}

}  // namespace
}  // namespace tasker::config
