// What is said of wrong templates, and where: the table is wrong_templates.txt.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/template_loader.h"
#include "tests/config/wrong_templates.h"

namespace tasker::config {
namespace {

using ::testing::HasSubstr;

LoadedTemplate Load(const std::string& yaml) {
  TemplateOptions options;
  options.source_name = "t.yaml";
  options.environment = "e";
  return LoadTemplate(yaml, options);
}

TEST(BadTemplates, AreToldExactlyWhatIsWrongAndWhere) {
  const std::vector<WrongTemplate> table = WrongTemplates();
  EXPECT_GE(table.size(), 160u);
  for (const WrongTemplate& bad : table) {
    SCOPED_TRACE(bad.title);
    const LoadedTemplate loaded = Load(bad.yaml);
    EXPECT_EQ(loaded.compiled, nullptr);
    EXPECT_EQ(ToString(loaded.diagnostics) + "\n", bad.said) << bad.yaml;
  }
}

TEST(BadTemplates, HaveTitlesOfTheirOwn) {
  std::vector<std::string> titles;
  for (const WrongTemplate& bad : WrongTemplates()) titles.push_back(bad.title);
  std::ranges::sort(titles);
  EXPECT_EQ(std::ranges::adjacent_find(titles), titles.end());
}

TEST(BadTemplates, MayBeAnyBytes) {
  EXPECT_EQ(ToString(Load("\xff\xfe").diagnostics), "t.yaml: error: is not UTF-8");
  EXPECT_THAT(ToString(Load("name: \x01\n").diagnostics),
              HasSubstr("is not YAML: control characters are not allowed"));
  EXPECT_EQ(Load(std::string("name: \0\n", 8)).compiled, nullptr);
}

// One value, written as ten times the one before.
std::string Bomb(int levels) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < levels; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int k = 0; k < 9; ++k) bomb += ", " + before;
    bomb += "]\n";
  }
  return bomb;
}

TEST(BadTemplates, CannotBurstIntoMemoryByAliases) {
  const LoadedTemplate loaded = Load(Bomb(12) + "name: t\n");
  EXPECT_EQ(loaded.compiled, nullptr);
  EXPECT_THAT(ToString(loaded.diagnostics),
              HasSubstr("holds more than 2000000 values once its aliases are written out"));
}

TEST(BadTemplates, CannotBurstIntoMemoryByMergedKeys) {
  std::string bomb = "m0: &m0 {a: 1, b: 2}\n";
  for (int i = 1; i < 40; ++i) {
    const std::string n = std::to_string(i);
    const std::string before = "*m" + std::to_string(i - 1);
    bomb += "m" + n + ": &m" + n + " {<<: [" + before + ", " + before + "], k" + n + ": 1}\n";
  }
  EXPECT_THAT(ToString(Load(bomb).diagnostics), HasSubstr("holds more than 2000000 values"));
}

TEST(BadTemplates, CannotExhaustTheStackByNesting) {
  for (const std::size_t depth : {101u, 1'000u, 100'000u}) {
    for (const auto& [open, close] : {std::pair('[', ']'), std::pair('{', '}')}) {
      const LoadedTemplate loaded =
          Load("name: t\nx: " + std::string(depth, open) + std::string(depth, close) + "\n");
      EXPECT_EQ(loaded.compiled, nullptr) << depth;
      EXPECT_FALSE(loaded.diagnostics.empty());
    }
  }
  std::string aliases = "d0: &d0 [x]\n";
  for (int i = 1; i < 200; ++i) {
    aliases += "d" + std::to_string(i) + ": &d" + std::to_string(i) + " [*d" +
               std::to_string(i - 1) + "]\n";
  }
  EXPECT_THAT(ToString(Load(aliases).diagnostics), HasSubstr("is nested deeper than 100 levels"));
}

TEST(BadTemplates, WithMillionsOfMistakesAreToldOfSomeAndCounted) {
  std::string yaml = "name: t\ntask_handler_class: T\nstep_templates:\n";
  for (int i = 0; i < 20'000; ++i) {
    const std::string n = std::to_string(i);
    yaml += "  - {name: step_" + n + ", handler_clas: A, depends_on_step: stp_" + n + "}\n";
  }
  const LoadedTemplate loaded = Load(yaml);
  EXPECT_EQ(loaded.compiled, nullptr);
  EXPECT_LE(loaded.diagnostics.size(), 402u);
  EXPECT_THAT(ToString(loaded.diagnostics), HasSubstr("more are not told"));
}

// Each of these once took time by the square of its size.
TEST(BadTemplates, InWhichEveryStepLooksAtAnotherAreReadAllTheSame) {
  constexpr int kSteps = 20'000;
  std::string yaml = "name: t\ntask_handler_class: T\nstep_templates:\n";
  for (int i = 0; i < kSteps; ++i) {
    yaml += "- {name: s" + std::to_string(i) + ", handler_class: A";
    if (i > 0) {
      yaml += ", depends_on_step: s" + std::to_string(i - 1) + ", when: steps.s" +
              std::to_string(i / 2) + ".results.ok";
    }
    yaml += "}\n";
  }
  for (int i = 0; i < kSteps; ++i) {
    const std::string n = std::to_string(i);
    yaml += "- {name: u" + n + ", handler_class: A, compensates: s" + n + "}\n";
  }
  yaml += "environments:\n  e:\n    step_templates:\n";
  for (int i = 0; i < kSteps; ++i) {
    yaml += "    - {name: s" + std::to_string(i) + ", default_retry_limit: 7}\n";
  }
  const LoadedTemplate loaded = Load(yaml);
  ASSERT_NE(loaded.compiled, nullptr) << ToString(loaded.diagnostics);
  EXPECT_EQ(loaded.compiled->steps[kSteps - 1].retry_limit, 7u);
}

TEST(BadTemplates, AreRefusedUnreadWhenTheyAreHuge) {
  EXPECT_THAT(ToString(Load(std::string(kTemplateBytesMax + 1, '#')).diagnostics),
              HasSubstr("over the limit of 16777216 bytes"));
}

TEST(BadTemplates, OfManySmallValuesAreRefusedBeforeTheyFillMemory) {
  std::string yaml = "x: [";
  while (yaml.size() < kTemplateBytesMax - 8) yaml += "a,";
  EXPECT_THAT(ToString(Load(yaml + "a]").diagnostics), HasSubstr("holds more than 2000000 values"));
}

}  // namespace
}  // namespace tasker::config
