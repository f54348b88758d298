// What one text of a template changes of another.
#include "config/template_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tasker::config {
namespace {

using ::testing::HasSubstr;

const char* const kBefore =
    "name: t\nversion: 1.0.0\ntask_handler_class: T\ndescription: old\nstep_templates:\n"
    "  - {name: fetch, handler_class: F, default_retry_limit: 3}\n"
    "  - {name: pay, handler_class: P, depends_on_step: fetch, handler_config: {list: [1, 2]}}\n"
    "  - {name: mail, handler_class: M, depends_on_step: pay}\n";

std::string Diff(const std::string& before, const std::string& after, std::size_t most = 100) {
  const auto differences = DiffTemplates(before, after);
  return differences.ok() ? ToString(*differences, most)
                          : std::string(differences.status().message());
}

TEST(TemplateDiff, OfTheSameIsEmptyWhateverTheLayout) {
  EXPECT_EQ(Diff(kBefore, std::string("# note\n") + kBefore), "");
  EXPECT_EQ(Diff("a: 1\nb: 2\n", "b: 2\na: 1\n"), "");
}

TEST(TemplateDiff, NamesStepsAndWhatChangedInThem) {
  EXPECT_EQ(
      Diff(kBefore,
           "name: t\nversion: 1.1.0\ntask_handler_class: T\nstep_templates:\n"
           "  - {name: fetch, handler_class: F, default_retry_limit: 5}\n"
           "  - {name: check, handler_class: C}\n"
           "  - {name: pay, handler_class: P, depends_on_steps: [fetch, check], handler_config: "
           "{list: [1, 3, 4]}}\n"),
      "- description: \"old\"\n"
      "~ step_templates[fetch].default_retry_limit: 3 -> 5\n"
      "- step_templates[mail]: "
      "{\"depends_on_step\":\"pay\",\"handler_class\":\"M\",\"name\":\"mail\"}\n"
      "- step_templates[pay].depends_on_step: \"fetch\"\n"
      "~ step_templates[pay].handler_config.list[1]: 2 -> 3\n"
      "+ step_templates[pay].handler_config.list[-]: 4\n"
      "+ step_templates[pay].depends_on_steps: [\"fetch\",\"check\"]\n"
      "+ step_templates[check]: {\"handler_class\":\"C\",\"name\":\"check\"}\n"
      "~ version: \"1.0.0\" -> \"1.1.0\"");
}

TEST(TemplateDiff, TellsOfAnotherOrderOfSteps) {
  EXPECT_EQ(
      Diff("step_templates: [{name: a}, {name: b}]\n", "step_templates: [{name: b}, {name: a}]\n"),
      "~ step_templates (order): [\"a\",\"b\"] -> [\"b\",\"a\"]");
}

TEST(TemplateDiff, LooksIntoEnvironments) {
  EXPECT_EQ(Diff("environments: {e: {step_templates: [{name: a, x: 1}]}}\n",
                 "environments: {e: {step_templates: [{name: a, x: 2}]}}\n"),
            "~ environments.e.step_templates[a].x: 1 -> 2");
}

TEST(TemplateDiff, ComparesStepsThatHaveNoNameOrTheSame) {
  EXPECT_THAT(Diff("step_templates: [a]\n", "step_templates: [b]\n"), HasSubstr("\"a\" -> \"b\""));
  EXPECT_NE(Diff("step_templates: [{name: a}, {name: a}]\n", "step_templates: [{name: a}]\n"), "");
  EXPECT_NE(Diff("step_templates: {a: 1}\n", "step_templates: [{name: a}]\n"), "");
  EXPECT_NE(Diff("a/b: {~c: 1}\n", "a/b: {~c: 2}\n"), "");
}

TEST(TemplateDiff, IsCutWhereItIsLong) {
  EXPECT_EQ(Diff("a: 1\nb: 1\nc: 1\n", "a: 2\nb: 2\nc: 2\n", 1), "~ a: 1 -> 2\n... and 2 more");
  EXPECT_THAT(Diff("a: 1\n", "a: " + std::string(500, 'x') + "\n"), HasSubstr("... (502 bytes)"));
}

TEST(TemplateDiff, NeedsTwoTemplates) {
  EXPECT_THAT(Diff("a: [", "a: 1\n"), HasSubstr("before:2:1: error: is not YAML"));
  EXPECT_THAT(Diff("a: 1\n", "- a\n"), HasSubstr("after:1:1: error: must be a map of keys"));
}

}  // namespace
}  // namespace tasker::config
