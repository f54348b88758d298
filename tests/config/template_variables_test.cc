// Variables in templates: who gets to see what they hold.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/resolved_template.h"
#include "config/template_loader.h"

namespace tasker::config {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TemplateOptions Options() {
  TemplateOptions options;
  options.source_name = "t.yaml";
  options.variables = [](std::string_view name) -> std::optional<std::string> {
    if (name == "SECRET") return "s3cret";
    if (name == "COUNT") return "7";
    if (name == "EMPTY") return "";
    if (name == "BYTES") return "\xff";
    return std::nullopt;
  };
  return options;
}

const char* const kEverywhere =
    "name: t\ntask_handler_class: T\ndescription: d ${SECRET}\nmodule_namespace: ${SECRET}\n"
    "schema: {properties: {x: {const: '${SECRET}'}}}\n"
    "default_context: {key: '${SECRET}', other: '${OTHER:-fallback}'}\n"
    "default_dependent_system: sys ${SECRET}\n"
    "step_templates:\n"
    "  - name: a\n    handler_class: H::${SECRET}\n    description: ${SECRET}\n"
    "    default_retry_limit: ${COUNT}\n    labels: {region: '${COUNT}'}\n"
    "    handler_config: {list: [{deep: 'x${SECRET}y'}], n: '${COUNT}'}\n"
    "    when: context.key == '${SECRET}'\n    timeouts: {heartbeat: '${COUNT}s'}\n"
    "  - {name: b, wait_until: 'context.due_${SECRET}', depends_on_step: a}\n";

TEST(TemplateVariables, AreFilledInEverywhere) {
  const LoadedTemplate loaded = LoadTemplate(kEverywhere, Options());
  ASSERT_NE(loaded.compiled, nullptr) << ToString(loaded.diagnostics);
  EXPECT_THAT(loaded.diagnostics, IsEmpty());
  const engine::TaskTemplate& made = *loaded.compiled;
  EXPECT_EQ(made.steps[0].handler_class, "H::s3cret");
  EXPECT_EQ(made.steps[0].retry_limit, 7u);
  EXPECT_EQ(made.steps[0].timeouts.heartbeat, std::chrono::seconds(7));
  EXPECT_EQ(made.steps[0].labels.at("region"), "7");
  EXPECT_EQ(made.steps[0].handler_config, R"({"list":[{"deep":"xs3crety"}],"n":"7"})");
  EXPECT_EQ(made.default_context, R"({"key":"s3cret","other":"fallback"})");
  EXPECT_EQ(made.schema, R"({"properties":{"x":{"const":"s3cret"}}})");
}

TEST(TemplateVariables, AreShownByNameInWhatIsForPeople) {
  const LoadedTemplate loaded = LoadTemplate(kEverywhere, Options());
  ASSERT_NE(loaded.compiled, nullptr);
  const engine::TaskTemplate& made = *loaded.compiled;
  EXPECT_EQ(made.description, "d ${SECRET}");
  EXPECT_EQ(made.steps[0].description, "${SECRET}");
  EXPECT_EQ(made.steps[0].dependent_system, "sys ${SECRET}");
  EXPECT_EQ(made.steps[0].handler_config_shown,
            R"({"list":[{"deep":"x${SECRET}y"}],"n":"${COUNT}"})");
  EXPECT_EQ(made.default_context_shown, R"({"key":"${SECRET}","other":"${OTHER:-fallback}"})");
  EXPECT_EQ(made.steps[0].when->text(), "context.key == '${SECRET}'");
  EXPECT_EQ(made.steps[1].wait->until->text(), "context.due_${SECRET}");
  std::string shown = ResolvedJson(made).dump();
  // What is matched by its value is no secret: names and classes.
  shown.erase(shown.find("H::s3cret"), 9);
  EXPECT_THAT(shown, Not(HasSubstr("s3cret")));
}

TEST(TemplateVariables, AreRevealedToThoseWhoRunItWithTheirOwn) {
  TemplateOptions options = Options();
  options.reveal_variables = true;
  const LoadedTemplate loaded = LoadTemplate(kEverywhere, options);
  ASSERT_NE(loaded.compiled, nullptr);
  const auto resolved = ResolvedJson(*loaded.compiled);
  EXPECT_EQ(resolved["description"], "d s3cret");
  EXPECT_EQ(resolved["steps"][0]["handler_config"]["n"], "7");
  EXPECT_EQ(resolved["default_context"]["other"], "fallback");
}

TEST(TemplateVariables, StayTextsWhateverTheyHold) {
  const LoadedTemplate loaded = LoadTemplate(
      "name: t\ntask_handler_class: T\nstep_templates:\n"
      "  - {name: a, handler_class: A, handler_config: {n: '${COUNT}', e: '${EMPTY}'}}\n",
      Options());
  ASSERT_NE(loaded.compiled, nullptr);
  EXPECT_EQ(loaded.compiled->steps[0].handler_config, R"({"n":"7","e":""})");
}

std::string SaidOf(const std::string& line, bool strict) {
  TemplateOptions options = Options();
  options.strict_variables = strict;
  return ToString(
      LoadTemplate("name: t\ntask_handler_class: T\nstep_templates: []\n" + line + "\n", options)
          .diagnostics);
}

TEST(TemplateVariables, ThatAreNotSetAreWarnedOfOrRefused) {
  EXPECT_EQ(
      SaidOf("description: ${NONE}", false),
      "t.yaml:4:14: warning: description: the variable NONE is not set, so `${NONE}` stays as it "
      "is");
  EXPECT_EQ(
      SaidOf("description: ${NONE}", true),
      "t.yaml:4:14: error: description: the variable NONE is not set, and `strict_variables` asks "
      "that all are");
  EXPECT_EQ(SaidOf("description: ${NONE}\nstrict_variables: true", false),
            SaidOf("description: ${NONE}", true));
  EXPECT_EQ(SaidOf("description: ${NONE:-x} ${EMPTY:-y} ${EMPTY} ${2} ${ $X", true), "");
}

TEST(TemplateVariables, OfEnvironmentsThatDoNotCountAreNotAskedFor) {
  EXPECT_EQ(SaidOf("environments: {production: {description: '${NONE}'}}", true), "");
}

TEST(TemplateVariables, ThatAreNoTextAreRefusedWithoutShowingThem) {
  EXPECT_EQ(SaidOf("description: ${BYTES}", false),
            "t.yaml:4:14: error: description: `${BYTES}` refers to a variable that is not UTF-8");
}

TEST(TemplateVariables, AreNotShownInMessages) {
  for (const char* line : {"priority: ${SECRET}", "identity: ${SECRET}", "deadline: ${SECRET}",
                           "retry: {limit: '${SECRET}'}", "retry: {backoff_seconds: ['${SECRET}']}",
                           "concurrent: ${SECRET}"}) {
    EXPECT_THAT(SaidOf(line, false), HasSubstr("error")) << line;
    EXPECT_THAT(SaidOf(line, false), Not(HasSubstr("s3cret"))) << line;
  }
  const std::string step = ToString(
      LoadTemplate(
          "name: t\ntask_handler_class: T\nstep_templates:\n"
          "  - {name: a, handler_class: A, type: '${SECRET}', when: \"context.x = '${SECRET}'\"}\n",
          Options())
          .diagnostics);
  EXPECT_THAT(
      step,
      HasSubstr("`context.x = '${SECRET}'` is no expression once its variables are filled in"));
  EXPECT_THAT(step, Not(HasSubstr("s3cret")));
}

}  // namespace
}  // namespace tasker::config
