// Words that the Rails engine read otherwise: what Ruby's Psych 4 made of each is written beside
// it.
#include "config/yaml/legacy_scalar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/template_loader.h"

namespace tasker::config {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(LegacyScalar, IsWhatYaml11TakesForSomethingElse) {
  const std::pair<const char*, const char*> kReadings[] = {
      {"yes", "true"},    {"Yes", "true"},          {"ON", "true"},
      {"no", "false"},    {"off", "false"},         {"NO", "false"},
      {"1_000", "1000"},  {"1,000", "1000"},        {"010", "8"},
      {"-017", "-15"},    {"08", "text"},           {"0b101", "5"},
      {"1:30", "5400"},   {"12:30:45", "45045"},    {"1:30.5", "a number in base 60"},
      {":x", "a symbol"}, {"1e3", "text"},          {"1.5e3", "text"},
      {"0o17", "text"},   {"2026-01-31", "a date"}, {"2026-01-31 10:00:00", "a date"},
      {"0x1_F", "31"}};
  for (const auto& [word, reading] : kReadings) EXPECT_EQ(ReadingInYaml11(word), reading) << word;
}

TEST(LegacyScalar, IsNoWordThatBothReadAlike) {
  for (const char* word :
       {"true",  "False",  "NULL", "~",         "12", "-3",  "+4", "1.5", ".5",
        "1.",    "1.5e+3", "0x1F", "yesterday", "nO", "oN",  "y",  "n",   "1.0.0",
        "10:70", "a:b",    "-",    "30s",       "7d", "...", ""}) {
    EXPECT_THAT(ReadingInYaml11(word), IsEmpty()) << word;
  }
}

std::string Said(const std::string& more) {
  return ToString(LoadTemplate("name: t\ntask_handler_class: T\nstep_templates:\n  - name: a\n"
                               "    handler_class: A\n" +
                                   more,
                               {.source_name = "t.yaml"})
                      .diagnostics);
}

TEST(LegacyScalar, IsWarnedOfWhereItDecides) {
  EXPECT_EQ(
      Said("    handler_config: {verify: yes, mode: 010}\n"),
      "t.yaml:6:30: warning: step_templates[0].handler_config.verify: `yes` is true in YAML 1.1, "
      "as the Rails engine read it, and text here; write what is meant, or quote it\n"
      "t.yaml:6:41: warning: step_templates[0].handler_config.mode: `010` is 8 in YAML 1.1, as "
      "the Rails engine read it, and 10 here; write what is meant, or quote it");
  EXPECT_THAT(Said("    default_retry_limit: 010\n"), HasSubstr("`010` is 8 in YAML 1.1"));
  EXPECT_THAT(Said("    description: off\n"), HasSubstr("`off` is false in YAML 1.1"));
  EXPECT_THAT(Said("    depends_on_steps: [no]\n"), HasSubstr("`no` is false in YAML 1.1"));
  EXPECT_EQ(
      Said("    skippable: yes\n"),
      "t.yaml:6:16: warning: step_templates[0].skippable: `yes` is read as true, as in YAML 1.1; "
      "write that");
}

TEST(LegacyScalar, IsNoneOnceItIsQuotedOrTagged) {
  EXPECT_EQ(Said("    handler_config: {a: 'yes', b: \"010\", c: !!str off, d: '1:30'}\n"), "");
}

}  // namespace
}  // namespace tasker::config
