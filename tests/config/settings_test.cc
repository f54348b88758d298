#include "config/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/config/read_file.h"

namespace tasker::config {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

LoadedSettings Load(std::string_view yaml) {
  return LoadSettings(yaml, "s.yaml", [](std::string_view name) -> std::optional<std::string> {
    if (name == "FOLDER") return "/srv";
    return std::nullopt;
  });
}

std::string ErrorsOf(std::string_view yaml) { return ToString(Load(yaml).diagnostics); }

TEST(Settings, ShippedAreTheDefaults) {
  const LoadedSettings shipped = Load(ReadFile(SourcePath("config/tasker.yaml")));
  EXPECT_THAT(shipped.diagnostics, IsEmpty());
  EXPECT_EQ(shipped.settings, Settings{});
}

TEST(Settings, AreReadWithTheirUnitsAndVariables) {
  const LoadedSettings loaded = Load(
      "listen: 0.0.0.0:1\ndata: ${FOLDER}/data\nenvironment: production\ndrain: 1m30s\n"
      "strict_variables: true\n"
      "metrics: {listen: ''}\nlog: {level: debug}\nhandlers: {lease: 10s, heartbeat: 2500ms}\n"
      "limits: {payload: 64KiB}\nretry: {backoff: [10ms, 1s], multiplier: 3, backoff_max: 1m, "
      "jitter: 0}\n");
  ASSERT_THAT(loaded.diagnostics, IsEmpty()) << ToString(loaded.diagnostics);
  Settings expected;
  expected.listen = "0.0.0.0:1";
  expected.data = "/srv/data";
  expected.environment = "production";
  expected.strict_variables = true;
  expected.drain = 90s;
  expected.metrics_listen = "";
  expected.log_level = "debug";
  expected.lease = 10s;
  expected.heartbeat = 2500ms;
  expected.payload_bytes_max = 64 << 10;
  expected.retry = {{10ms, 1s}, 3, 1min, 0};
  EXPECT_EQ(loaded.settings, expected);
}

TEST(Settings, SayWhetherUndeclaredEventsAreRefused) {
  EXPECT_FALSE(Load("events: {undeclared: allow}").settings.refuse_undeclared_events);
  EXPECT_TRUE(Load("events: {undeclared: refuse}").settings.refuse_undeclared_events);
  EXPECT_THAT(ErrorsOf("events: {undeclared: perhaps}"),
              HasSubstr("events.undeclared: `perhaps` is neither allow nor refuse"));
}

TEST(Settings, OfTheTemplatesFolder) {
  const LoadedSettings loaded = Load("templates: ${FOLDER}/tasks\ntemplates_rescan: 0\n");
  ASSERT_THAT(loaded.diagnostics, IsEmpty()) << ToString(loaded.diagnostics);
  EXPECT_EQ(loaded.settings.templates, "/srv/tasks");
  EXPECT_EQ(loaded.settings.templates_rescan, 0ms);
  EXPECT_EQ(Load("templates_rescan: 30s").settings.templates_rescan, 30s);
  EXPECT_THAT(ErrorsOf("templates_rescan: often"), HasSubstr("is not a duration"));
}

TEST(Settings, OfRetentionGoByTheMostSpecificRuleLimitByLimit) {
  const LoadedSettings loaded = Load(
      "retention:\n  every: 10m\n  tasks: {age: 30d, count: 1000}\n  events: {age: 7d}\n  rules:\n"
      "    - {namespace: pay, template: refund, tasks: {age: 365d}}\n"
      "    - {namespace: pay, tasks: {age: 90d, count: 5}, history: {count: 3}}\n");
  ASSERT_THAT(loaded.diagnostics, IsEmpty()) << ToString(loaded.diagnostics);
  const RetentionSettings& retention = loaded.settings.retention;
  EXPECT_EQ(retention.every, 10min);
  constexpr std::chrono::hours kDay{24};
  const RetentionPolicy other = retention.PolicyFor("other", "refund");
  EXPECT_EQ(other.tasks, (KeepLimits{30 * kDay, 1000}));
  EXPECT_EQ(other.history, KeepLimits{});
  EXPECT_EQ(retention.PolicyFor("pay", "charge").tasks, (KeepLimits{90 * kDay, 5}));
  const RetentionPolicy refund = retention.PolicyFor("pay", "refund");
  EXPECT_EQ(refund.tasks, (KeepLimits{365 * kDay, 5}));
  EXPECT_EQ(refund.history, (KeepLimits{std::nullopt, 3}));
  EXPECT_EQ(refund.events, (KeepLimits{7 * kDay, std::nullopt}));
}

TEST(Settings, OfRetentionThatAreWrongAreNamedByPlaceAndKey) {
  EXPECT_THAT(ErrorsOf("retention: {task: {age: 1d}}"), HasSubstr("did you mean `tasks`?"));
  EXPECT_THAT(ErrorsOf("retention: {tasks: {age: soon}}"), HasSubstr("s.yaml:1:26"));
  EXPECT_THAT(ErrorsOf("retention: {rules: [{tasks: {age: 1d}}]}"),
              HasSubstr("retention.rules[0].namespace"));
  EXPECT_THAT(ErrorsOf("retention: {rules: [{namespace: a, agee: 1}]}"), HasSubstr("agee"));
}

TEST(Settings, ThatAreWrongAreNamedByPlaceAndKey) {
  EXPECT_EQ(ErrorsOf("lisen: 1"),
            "s.yaml:1:1: error: lisen: is not a setting; did you mean `listen`?");
  EXPECT_EQ(ErrorsOf("log: {levle: info}"),
            "s.yaml:1:7: error: log.levle: is not a setting; did you mean `level`?");
  EXPECT_EQ(ErrorsOf("listen: nowhere"), "s.yaml:1:9: error: listen: `nowhere` is not host:port");
  EXPECT_EQ(ErrorsOf("listen: host:65536"),
            "s.yaml:1:9: error: listen: `host:65536` is not host:port");
  EXPECT_EQ(ErrorsOf("drain: soon"),
            "s.yaml:1:8: error: drain: `soon` is not a duration such as 30s, 250ms or 1h30m");
  EXPECT_EQ(ErrorsOf("limits: {payload: 1GiB}"),
            "s.yaml:1:19: error: limits.payload: `1GiB` is not a size from 1KiB to 64MiB");
  EXPECT_EQ(ErrorsOf("retry: {jitter: 2}"),
            "s.yaml:1:17: error: retry.jitter: `2` is not a number from 0 to 1");
  EXPECT_EQ(ErrorsOf("log: {level: loud}"),
            "s.yaml:1:14: error: log.level: `loud` is not one of trace, debug, info, warn, error");
  EXPECT_EQ(ErrorsOf("data: ${NOT_SET}"),
            "s.yaml:1:7: error: data: the variable NOT_SET is not set");
  EXPECT_EQ(ErrorsOf("log: info"), "s.yaml:1:6: error: log: must be a map");
  EXPECT_THAT(ErrorsOf("handlers: {lease: 10s, heartbeat: 5s}"),
              HasSubstr("must be less than half of handlers.lease"));
  EXPECT_THAT(ErrorsOf("[1]"), HasSubstr("must be a map"));
  EXPECT_THAT(ErrorsOf("a: b: c"), HasSubstr("is not YAML"));
}

TEST(Settings, NameAllMistakesAtOnce) {
  EXPECT_EQ(Load("lisen: 1\ndrain: soon\nlog: {level: loud}\n").diagnostics.size(), 3u);
}

}  // namespace
}  // namespace tasker::config
