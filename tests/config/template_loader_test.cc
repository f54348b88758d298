// What a right template becomes.
#include "config/template_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/config/read_file.h"

namespace tasker::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

LoadedTemplate Load(std::string_view yaml, const std::string& environment = "") {
  return LoadTemplate(
      yaml, {"t.yaml", environment, [](std::string_view name) -> std::optional<std::string> {
               if (name == "SECRET") return "s3cret";
               return std::nullopt;
             }});
}

// A template of one step that has `more` among its keys.
std::string WithStep(const std::string& more) {
  return "name: t\ntask_handler_class: T\nstep_templates:\n  - name: a\n    handler_class: A\n" +
         more;
}

TEST(TemplateLoader, LoadsTheShippedOrderProcess) {
  const std::string source = ReadFile(SourcePath("config/tasks/order_process.yaml"));
  const LoadedTemplate development = Load(source, "development");
  ASSERT_NE(development.compiled, nullptr) << ToString(development.diagnostics);
  EXPECT_THAT(development.diagnostics, IsEmpty());
  const engine::TaskTemplate& order = *development.compiled;
  EXPECT_EQ(order.id.ToString(), "default.order_process@0.1.0");
  EXPECT_EQ(order.module_namespace, "OrderProcess");
  ASSERT_EQ(order.steps.size(), 5u);
  EXPECT_EQ(order.steps[2].name, "process_payment");
  EXPECT_EQ(order.steps[2].retry_limit, 2u);
  EXPECT_THAT(order.steps[2].parents, ElementsAre(engine::StepIndex{1}));
  EXPECT_EQ(order.steps[2].handler_config, R"({"payment_processor":"test"})");
  EXPECT_EQ(order.dag.ParentCountOf(engine::StepIndex{4}), 1u);
  const LoadedTemplate production = Load(source, "production");
  EXPECT_EQ(production.compiled->steps[2].handler_config,
            R"({"payment_processor":"stripe","timeout":30})");
  EXPECT_EQ(Load(source, "elsewhere").compiled->steps[2].handler_config, "");
}

TEST(TemplateLoader, FillsInTheDefaults) {
  const LoadedTemplate loaded = Load(WithStep(""));
  ASSERT_NE(loaded.compiled, nullptr);
  const engine::TaskTemplate& made = *loaded.compiled;
  EXPECT_EQ(made.id.ToString(), "default.t@0.1.0");
  EXPECT_TRUE(made.concurrent);
  EXPECT_EQ(made.steps[0].description, "a");
  EXPECT_TRUE(made.steps[0].retryable);
  EXPECT_EQ(made.steps[0].retry_limit, 3u);
  EXPECT_FALSE(made.steps[0].skippable);
  EXPECT_EQ(made.steps[0].dependent_system, std::nullopt);
  EXPECT_EQ(made.steps[0].handler_config, "");
}

TEST(TemplateLoader, TypesScalarsAsYaml12Does) {
  const LoadedTemplate loaded =
      Load(WithStep("    handler_config: {a: 1, b: -9223372036854775808, c: 18446744073709551615, "
                    "d: 1.5, e: true,"
                    " f: null, g: 'x', h: '1', i: 0x1F, j: 1e3, k: yes, l: [1, {m: ~}], n: "
                    "2026-01-01, o: .5}\n"));
  ASSERT_NE(loaded.compiled, nullptr) << ToString(loaded.diagnostics);
  EXPECT_EQ(loaded.compiled->steps[0].handler_config,
            R"({"a":1,"b":-9223372036854775808,"c":18446744073709551615,"d":1.5,"e":true,)"
            R"("f":null,"g":"x","h":"1","i":31,"j":1000.0,"k":"yes","l":[1,{"m":null}],)"
            R"("n":"2026-01-01","o":0.5})");
}

TEST(TemplateLoader, FillsInVariablesForHandlersAndShowsThemByName) {
  const LoadedTemplate loaded =
      Load(WithStep("    handler_config: {key: '${SECRET}', u: '${NOT_SET}'}\n"));
  ASSERT_NE(loaded.compiled, nullptr);
  EXPECT_EQ(loaded.compiled->steps[0].handler_config, R"({"key":"s3cret","u":"${NOT_SET}"})");
  EXPECT_EQ(loaded.compiled->steps[0].handler_config_shown,
            R"({"key":"${SECRET}","u":"${NOT_SET}"})");
  EXPECT_THAT(ToString(loaded.diagnostics),
              HasSubstr("t.yaml:6:43: warning: step_templates[0].handler_config.u: the variable "
                        "NOT_SET is not set"));
}

TEST(TemplateLoader, UnitesBothWaysToNameDependencies) {
  const LoadedTemplate loaded = Load(
      WithStep("  - {name: b, handler_class: B}\n"
               "  - {name: c, handler_class: C, depends_on_step: b, depends_on_steps: [a, b]}\n"));
  ASSERT_NE(loaded.compiled, nullptr);
  EXPECT_THAT(loaded.compiled->steps[2].parents,
              ElementsAre(engine::StepIndex{1}, engine::StepIndex{0}));
}

TEST(TemplateLoader, MergesEnvironmentsDeeplyByStepName) {
  const LoadedTemplate loaded = Load(
      WithStep(
          "    handler_config: {keep: 1, nested: {x: 1, y: 2}, list: [1, 2]}\n"
          "environments:\n  e:\n    description: other\n    step_templates:\n"
          "      - {name: a, default_retry_limit: 9, handler_config: {nested: {y: 3}, list: [7]}}\n"
          "      - {name: nobody, handler_config: {}}\n"),
      "e");
  ASSERT_NE(loaded.compiled, nullptr) << ToString(loaded.diagnostics);
  EXPECT_EQ(loaded.compiled->description, "other");
  EXPECT_EQ(loaded.compiled->steps[0].retry_limit, 9u);
  EXPECT_EQ(nlohmann::json::parse(loaded.compiled->steps[0].handler_config),
            nlohmann::json::parse(R"({"keep":1,"nested":{"x":1,"y":3},"list":[7]})"));
  EXPECT_THAT(ToString(loaded.diagnostics), HasSubstr("there is no step `nobody`"));
}

TEST(TemplateLoader, MayHaveNoSteps) {
  EXPECT_NE(Load("name: t\ntask_handler_class: T\nstep_templates: []\n").compiled, nullptr);
}

TEST(TemplateLoader, WarnsOfKeysItDoesNotKnow) {
  const LoadedTemplate loaded = Load(WithStep("    default_retry_limt: 3\nmonitoring: {}\n"));
  ASSERT_NE(loaded.compiled, nullptr);
  EXPECT_EQ(ToString(loaded.diagnostics),
            "t.yaml:6:5: warning: step_templates[0].default_retry_limt: is not a key that is known "
            "here, and has no effect; did you mean `default_retry_limit`?\n"
            "t.yaml:7:1: warning: monitoring: is not a key that is known here, and has no effect");
}

TEST(SameTemplateSource, LooksAtWhatIsSaidNotAtTheLayout) {
  EXPECT_TRUE(SameTemplateSource("a: 1\nb: [x, y]\n", "# note\nb:\n  - x\n  - y\na: 1\n"));
  EXPECT_FALSE(SameTemplateSource("a: 1", "a: '1'"));
  EXPECT_FALSE(SameTemplateSource("a: 1", "a: 2"));
  EXPECT_FALSE(SameTemplateSource("{", "{"));
}

}  // namespace
}  // namespace tasker::config
