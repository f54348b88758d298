// What is said of wrong templates, and where.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/template_loader.h"

namespace tasker::config {
namespace {

using ::testing::HasSubstr;

struct Bad {
  std::string yaml;
  // Must stand in the diagnostics.
  std::string said;
};

// Lines 1 to 3 of each template below; its steps begin on line 4.
const std::string kHead = "name: t\ntask_handler_class: T\nstep_templates:\n";
const std::string kStep = "  - {name: a, handler_class: A}\n";

std::vector<Bad> Table() {
  return {
      {"", "t.yaml: error: is empty"},
      {"# only a comment\n", "is empty"},
      {"- a\n", "t.yaml:1:1: error: must be a map of keys"},
      {"just text", "must be a map of keys"},
      {"a: [1\n", "is not YAML"},
      {"a: {b\n", "is not YAML"},
      {"a: b: c\n", "is not YAML"},
      {"a:\n\t- b\n", "is not YAML"},
      {"\xff\xfe", "is not UTF-8"},
      {"name: <%= x %>\n<% if %>", "t.yaml:1:7: error: has `<%`: this is ERB source"},
      {"task_handler_class: T\nstep_templates: []\n", "1:1: error: name: is required"},
      {"name: ''\ntask_handler_class: T\nstep_templates: []\n",
       "1:7: error: name: must not be empty"},
      {"name: [x]\ntask_handler_class: T\nstep_templates: []\n", "name: must be a text, is a list"},
      {"name: \"a\\nb\"\ntask_handler_class: T\nstep_templates: []\n",
       "name: must have at most 256 bytes"},
      {"name: t\nstep_templates: []\n", "task_handler_class: is required"},
      {"name: t\nclass_name: T\nstep_templates: []\n",
       "2:1: error: class_name: is called `task_handler_class` now"},
      {"task_name: t\ntask_handler_class: T\nstep_templates: []\n",
       "task_name: is called `name` now"},
      {"name: t\ntask_handler_class: T\nnamespace: x\nstep_templates: []\n",
       "namespace: is called `namespace_name` now"},
      {"name: t\ntask_handler_class: T\n", "step_templates: is required: a list of steps"},
      {"name: t\ntask_handler_class: T\nstep_templates:\n", "step_templates: is required"},
      {"name: t\ntask_handler_class: T\nstep_templates: {a: b}\n",
       "3:17: error: step_templates: must be a list of steps"},
      {"name: t\ntask_handler_class: T\nconcurrent: maybe\nstep_templates: []\n",
       "3:13: error: concurrent: must be true or false"},
      {"name: t\ntask_handler_class: T\nschema: text\nstep_templates: []\n",
       "schema: must be a JSON Schema: a map"},
      {"name: t\ntask_handler_class: T\nschema: {type: nothing}\nstep_templates: []\n",
       "schema: is not a JSON Schema"},
      {"name: t\ntask_handler_class: T\nschema: {$ref: 'http://x/y'}\nstep_templates: []\n",
       "/$ref"},
      {"name: t\ntask_handler_class: T\nenvironments: [a]\nstep_templates: []\n",
       "environments: must be a map"},
      {"name: t\ntask_handler_class: T\nenvironments: {e: [a]}\nstep_templates: []\n",
       "environments.e: must be a map"},
      {"name: t\ntask_handler_class: T\nenvironments: {e: {step_templates: "
       "x}}\nstep_templates: "
       "[]\n",
       "environments.e.step_templates: must be a list"},
      {kHead + kStep + "environments: {e: {step_templates: [{handler_class: B}]}}\n",
       "environments.e.step_templates[0]: needs the `name`"},
      {kHead + "  - text\n", "4:5: error: step_templates[0]: must be a map"},
      {kHead + "  - {handler_class: A}\n", "step_templates[0].name: is required"},
      {kHead + "  - {name: a}\n", "4:5: error: step_templates[0].handler_class: is required"},
      {kHead + "  - {name: a, handler_class: {x: y}}\n", "handler_class: must be a text, is a map"},
      {kHead + "  - {name: a, handler_class: A, default_retryable: 7}\n",
       "default_retryable: must be true or false"},
      {kHead + "  - {name: a, handler_class: A, default_retry_limit: -1}\n",
       "default_retry_limit: must be a whole number"},
      {kHead + "  - {name: a, handler_class: A, default_retry_limit: 1.5}\n",
       "default_retry_limit: must be a whole number"},
      {kHead + "  - {name: a, handler_class: A, default_retry_limit: 99999999}\n",
       "from 0 to 1000000"},
      {kHead + "  - {name: a, handler_class: A, skippable: [x]}\n",
       "skippable: must be true or false"},
      {kHead + "  - {name: a, handler_class: A, handler_config: text}\n",
       "handler_config: must be a map"},
      {kHead + "  - {name: a, handler_class: A, depends_on_step: [b]}\n",
       "depends_on_step: must be a text, is a list"},
      {kHead + "  - {name: a, handler_class: A, depends_on_steps: b}\n",
       "depends_on_steps: must be a list, is a plain value"},
      {kHead + "  - {name: a, handler_class: A, depends_on_steps: [[b]]}\n",
       "depends_on_steps[0]: must be a text"},
      {kHead + kStep + "  - {name: b, handler_class: B, depends_on_step: aa}\n",
       "5:50: error: step_templates[1].depends_on_step: there is no step `aa`; did you mean "
       "`a`?"},
      {kHead + "  - {name: a, handler_class: A, depends_on_step: a}\n",
       "a step cannot depend on itself"},
      {kHead + kStep + kStep,
       "step_templates[1].name: `a` is the name of step_templates[0] already"},
      {kHead + "  - {name: a, handler_class: A, depends_on_step: b}\n  - {name: b, "
               "handler_class: "
               "B, depends_on_step: a}\n",
       "4:5: error: step_templates[0]: the steps wait for each other in a cycle: a -> b -> "
       "a"},
      {"named_steps: [b]\n" + kHead + kStep, "`a` is not in `named_steps`"},
  };
}

TEST(BadTemplates, AreRefusedWithWhatIsWrongAndWhere) {
  for (const Bad& bad : Table()) {
    const LoadedTemplate loaded = LoadTemplate(bad.yaml, {"t.yaml", "e", nullptr});
    EXPECT_EQ(loaded.compiled, nullptr) << bad.yaml;
    EXPECT_THAT(ToString(loaded.diagnostics), HasSubstr(bad.said)) << bad.yaml;
  }
}

TEST(BadTemplates, AreToldOfAllTheirMistakesAtOnce) {
  const LoadedTemplate loaded = LoadTemplate(
      "name: t\nconcurrent: maybe\nstep_templates:\n  - {name: a}\n  - {name: b, handler_class: "
      "B, "
      "depends_on_step: c}\n",
      {"t.yaml", "", nullptr});
  EXPECT_EQ(loaded.diagnostics.size(), 4u) << ToString(loaded.diagnostics);
}

TEST(BadTemplates, CannotBurstIntoMemoryByAliases) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int k = 0; k < 9; ++k) bomb += ", " + before;
    bomb += "]\n";
  }
  const LoadedTemplate loaded =
      LoadTemplate(bomb + kHead + "  - {name: a, handler_class: A, handler_config: {x: *a11}}\n",
                   {"t.yaml", "", nullptr});
  EXPECT_EQ(loaded.compiled, nullptr);
  EXPECT_THAT(ToString(loaded.diagnostics), HasSubstr("aliases"));
}

TEST(BadTemplates, CannotExhaustTheStackByNesting) {
  for (const std::size_t depth : {101u, 1'000u, 100'000u}) {
    const LoadedTemplate loaded = LoadTemplate(
        kHead + "  - {name: a, handler_class: A, handler_config: {x: " + std::string(depth, '[') +
            std::string(depth, ']') + "}}\n",
        {"t.yaml", "", nullptr});
    EXPECT_EQ(loaded.compiled, nullptr) << depth;
  }
}

TEST(BadTemplates, WithMillionsOfMistakesAreToldOfSomeAndCounted) {
  std::string yaml = kHead;
  for (int i = 0; i < 20'000; ++i) {
    const std::string n = std::to_string(i);
    yaml += "  - {name: step_" + n + ", handler_clas: A, depends_on_step: stp_" + n + "}\n";
  }
  const LoadedTemplate loaded = LoadTemplate(yaml, {"t.yaml", "", nullptr});
  EXPECT_EQ(loaded.compiled, nullptr);
  EXPECT_LE(loaded.diagnostics.size(), 402u);
  EXPECT_THAT(ToString(loaded.diagnostics), HasSubstr("more are not told"));
}

TEST(BadTemplates, AreRefusedUnreadWhenTheyAreHuge) {
  const LoadedTemplate loaded =
      LoadTemplate(std::string(kTemplateBytesMax + 1, '#'), {"t.yaml", "", nullptr});
  EXPECT_THAT(ToString(loaded.diagnostics), HasSubstr("over the limit of 16777216 bytes"));
}

}  // namespace
}  // namespace tasker::config
