#include "config/expressions/field_condition.h"

#include <array>
#include <map>
#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace tasker::config {
namespace {

constexpr std::array<std::string_view, 3> kFields = {"name", "steps", "payload"};

class Values final : public FieldValues {
 public:
  absl::StatusOr<ExpressionValue> Field(std::size_t field) override {
    if (field == 0) return Json("\"pay\"");
    if (field == 1) return Json("[1, 2]");
    return Json(R"({"took": 7, "who": {"id": "x"}})");
  }

 private:
  static ExpressionValue Json(const char* text) {
    return std::make_shared<const ExpressionJson>(ExpressionJson::parse(text));
  }
};

std::string Decide(std::string_view text) {
  const auto condition = FieldCondition::Compile(text, kFields);
  if (!condition.ok()) return std::string(condition.status().message());
  Values values;
  const absl::StatusOr<bool> holds = condition->Test(values);
  if (!holds.ok()) return std::string(holds.status().message());
  return *holds ? "true" : "false";
}

TEST(FieldCondition, LooksAtTheFieldsByTheirNames) {
  EXPECT_EQ(Decide("name == 'pay' and payload.took > 5"), "true");
  EXPECT_EQ(Decide("payload.who.id in ['x', 'y'] and length(steps) == 2 and steps[1] == 2"),
            "true");
  EXPECT_EQ(Decide("payload.took > 5 and name != 'pay'"), "false");
  EXPECT_EQ(Decide("payload.other > 5"), "false");
  EXPECT_EQ(Decide("payload.other"), "false");
}

TEST(FieldCondition, SaysWhatCannotBeWorkedOut) {
  EXPECT_EQ(Decide("name > 5"),
            "a string and a number have no order; only two numbers or two strings do");
  EXPECT_EQ(Decide("name"), "a string is neither true nor false");
}

TEST(FieldCondition, SaysWhichFieldsThereAre) {
  EXPECT_EQ(Decide("context.x == 1"),
            "column 1: expected a literal, `(` or one of the fields name, steps, payload, found "
            "`context`");
  EXPECT_EQ(Decide("name == item"),
            "column 9: expected a literal, `(` or one of the fields name, steps, payload, found "
            "`item`");
  EXPECT_EQ(Decide("name = 'x'"),
            "column 6: expected an operator or the end, found `=` (equality is `==`)");
}

TEST(FieldCondition, HasItsLimits) {
  EXPECT_EQ(Decide(std::string(5000, ' ')), "5000 bytes are over an expression's limit of 4096");
  EXPECT_EQ(Decide(std::string(70, '(')).substr(0, 35), "column 65: is nested deeper than 64");
}

}  // namespace
}  // namespace tasker::config
