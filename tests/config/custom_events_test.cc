// Events that templates declare.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/template_loader.h"

namespace tasker::config {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

LoadedTemplate Load(const std::string& events, bool strict = false) {
  TemplateOptions options;
  options.source_name = "t.yaml";
  options.strict = strict;
  options.variables = [](std::string_view name) -> std::optional<std::string> {
    if (name == "SHOP") return "secret-shop";
    return std::nullopt;
  };
  return LoadTemplate(
      "name: t\ntask_handler_class: T\ncustom_events: " + events +
          "\nstep_templates:\n  - {name: a, handler_class: A, custom_events: " + events + "}\n",
      options);
}

const engine::CustomEvent& OnlyOne(const LoadedTemplate& loaded) {
  EXPECT_THAT(loaded.compiled->custom_events, SizeIs(1));
  return loaded.compiled->steps[0].custom_events.at(0);
}

TEST(CustomEvents, AreDeclaredByStepsAndByTheTemplate) {
  const LoadedTemplate loaded = Load("[{name: order.paid, description: It was paid.}]");
  EXPECT_THAT(loaded.diagnostics, IsEmpty());
  const engine::CustomEvent& event = OnlyOne(loaded);
  EXPECT_EQ(event.name, "order.paid");
  EXPECT_EQ(event.description, "It was paid.");
  EXPECT_EQ(event.rules, nullptr);
}

TEST(CustomEvents, HaveASchemaThatTellsOfEachFaultByItsPlace) {
  const LoadedTemplate loaded = Load(
      "[{name: order.paid, schema: {type: object, required: [amount], "
      "properties: {amount: {type: number}, items: {items: {type: string}}}}}]");
  ASSERT_THAT(loaded.diagnostics, IsEmpty()) << ToString(loaded.diagnostics);
  const engine::PayloadRules& rules = *OnlyOne(loaded).rules;
  EXPECT_TRUE(rules.Check(R"({"amount": 7})").ok());
  const absl::Status broken = rules.Check(R"({"amount": "7", "items": ["x", 1]})");
  EXPECT_EQ(broken.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(broken.message()), HasSubstr("/amount: must be of type"));
  EXPECT_THAT(std::string(broken.message()), HasSubstr("/items/1: "));
}

TEST(CustomEvents, ToldFaultsAreBounded) {
  const LoadedTemplate loaded =
      Load("[{name: order.paid, schema: {items: {enum: [a]}, type: [array, object]}}]");
  const std::string huge =
      "[\"" + std::string(20'000, 'x') + "\",\"" + std::string(20'000, 'y') + "\"]";
  const absl::Status broken = OnlyOne(loaded).rules->Check(huge);
  EXPECT_FALSE(broken.ok());
  EXPECT_LT(broken.message().size(), 6'000u);
}

TEST(CustomEvents, OfOneWordCountBehindCustomAsOldTemplatesHaveThem) {
  const LoadedTemplate loaded = Load("[{name: payment_authorized}]");
  ASSERT_NE(loaded.compiled, nullptr);
  EXPECT_EQ(OnlyOne(loaded).name, "custom.payment_authorized");
  EXPECT_THAT(ToString(loaded.diagnostics),
              HasSubstr("warning: custom_events[0].name: `payment_authorized` is published as "
                        "`custom.payment_authorized`: names of events have two words or more"));
  EXPECT_NE(Load("[{name: payment_authorized}]", true).compiled, nullptr);
}

TEST(CustomEvents, ThatNoEventCanBeCalledAreLeftOutWithAWarning) {
  const LoadedTemplate loaded = Load("[{name: Payment Authorized}]");
  ASSERT_NE(loaded.compiled, nullptr);
  EXPECT_THAT(loaded.compiled->custom_events, IsEmpty());
  EXPECT_THAT(ToString(loaded.diagnostics),
              HasSubstr("warning: custom_events[0].name: `Payment Authorized` cannot be the name"));
  EXPECT_EQ(Load("[{name: Payment Authorized}]", true).compiled, nullptr);
}

TEST(CustomEvents, OfTheServicesOwnNamesAreErrors) {
  EXPECT_THAT(ToString(Load("[{name: task.paid}]").diagnostics),
              HasSubstr("error: custom_events[0].name: `task.paid` is the service's own"));
}

TEST(CustomEvents, ShowNoVariables) {
  const LoadedTemplate loaded =
      Load("[{name: order.paid, schema: {properties: {shop: {enum: ['${SHOP}']}}}}]");
  const engine::CustomEvent& event = OnlyOne(loaded);
  EXPECT_THAT(event.schema_shown, HasSubstr("${SHOP}"));
  EXPECT_TRUE(event.rules->Check(R"({"shop":"secret-shop"})").ok());
  const std::string said(event.rules->Check(R"({"shop":"x"})").message());
  EXPECT_THAT(said, HasSubstr("/shop: breaks the schema, of which variables are a part"));
  EXPECT_THAT(said, ::testing::Not(HasSubstr("secret-shop")));
}

}  // namespace
}  // namespace tasker::config
