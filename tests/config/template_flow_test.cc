// The keys of conditions, decisions, fan-outs, sub-tasks, waits, compensation and limits.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/template_loader.h"

namespace tasker::config {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

LoadedTemplate Load(const std::string& top, const std::string& steps) {
  return LoadTemplate("name: t\ntask_handler_class: T\n" + top + "step_templates:\n" + steps,
                      TemplateOptions());
}

// The one mistake that the steps must have.
std::string MistakeIn(const std::string& steps, const std::string& top = "") {
  const LoadedTemplate loaded = Load(top, steps);
  EXPECT_EQ(loaded.compiled, nullptr) << steps;
  std::string all;
  for (const Diagnostic& each : loaded.diagnostics) all += each.ToString() + "\n";
  return all;
}

TEST(TemplateFlow, ReadsTheLimitsOfTemplateAndStep) {
  const auto made = Load(
      "priority: critical\ndeadline: 2h\nmax_running_steps: 9\nidentity_strategy: strict\n"
      "retry: {base: 100ms, factor: 3, cap: 1m, jitter: 0.2, non_retryable: [A]}\n"
      "timeouts: {heartbeat: 5}\n",
      "  - {name: a, handler_class: H}\n"
      "  - {name: b, handler_class: H, sticky: true, labels: {gpu: 'yes'}, timeouts: "
      "{start_to_close: 1.5}, retry: {limit: 7, backoff_seconds: [0.5, 2], jitter_enabled: "
      "false}}\n");
  ASSERT_NE(made.compiled, nullptr);
  const engine::TaskTemplate& t = *made.compiled;
  EXPECT_EQ(t.priority, engine::Priority::kCritical);
  EXPECT_EQ(t.deadline, 2h);
  EXPECT_EQ(t.running_steps_max, 9u);
  EXPECT_EQ(t.identity, engine::Identity::kByContext);
  const engine::StepTemplate& a = t.steps[0];
  EXPECT_EQ(a.retry_curve->exponential->base, 100ms);
  EXPECT_EQ(a.retry_curve->delay_max, 1min);
  EXPECT_THAT(a.non_retryable, ElementsAre("A"));
  EXPECT_EQ(a.timeouts.heartbeat, 5s);
  const engine::StepTemplate& b = t.steps[1];
  EXPECT_EQ(b.retry_limit, 7u);
  EXPECT_FALSE(b.retry_curve->exponential);
  EXPECT_THAT(b.retry_curve->backoff, ElementsAre(500ms, 2s));
  EXPECT_EQ(b.retry_curve->jitter, 0);
  EXPECT_EQ(b.timeouts.start_to_close, 1500ms);
  EXPECT_EQ(b.timeouts.heartbeat, 5s);
  EXPECT_TRUE(b.sticky);
  EXPECT_EQ(b.labels.at("gpu"), "yes");
}

TEST(TemplateFlow, ReadsEveryKindOfStep) {
  const auto made =
      Load("namespace_name: shop\n",
           "  - {name: d, handler_class: H, type: decision}\n"
           "  - {name: x, handler_class: H, depends_on_step: d}\n"
           "  - {name: e, handler_class: H, depends_on_step: x, for_each: context.l}\n"
           "  - {name: s, depends_on_step: e, sub_task: {name: other}}\n"
           "  - {name: w, depends_on_step: s, wait: 7d}\n"
           "  - {name: u, depends_on_step: w, wait_until: 2030-01-01T00:00:00Z}\n"
           "  - {name: g, depends_on_step: u, wait_for_signal: {name: go, timeout: 1h}}\n"
           "  - {name: undo, handler_class: H, compensates: x}\n"
           "  - {name: tell, handler_class: H, on_failure: true}\n");
  for (const Diagnostic& each : made.diagnostics) ADD_FAILURE() << each.message;
  ASSERT_NE(made.compiled, nullptr);
  const auto& steps = made.compiled->steps;
  EXPECT_NE(steps[0].choice, nullptr);
  EXPECT_THAT(steps[0].branches, ElementsAre(engine::StepIndex{1}));
  EXPECT_NE(steps[2].for_each->items, nullptr);
  EXPECT_EQ(steps[3].sub_task->namespace_name, "shop");
  EXPECT_FALSE(steps[3].retryable);
  EXPECT_EQ(steps[4].wait->duration, 7 * 24h);
  EXPECT_NE(steps[5].wait->until, nullptr);
  EXPECT_EQ(steps[6].wait->signal, "go");
  EXPECT_EQ(steps[6].wait->timeout, 1h);
  EXPECT_EQ(steps[7].compensates, engine::StepIndex{1});
  EXPECT_TRUE(steps[8].on_failure);
  EXPECT_EQ(made.compiled->reserve_steps, 2u);
}

TEST(TemplateFlow, NamesEachMistake) {
  const std::string a = "  - {name: a, handler_class: H}\n";
  const std::vector<std::pair<std::string, std::string>> mistakes = {
      {"  - {name: a}\n", "step_templates[0].handler_class: is required"},
      {"  - {name: a, handler_class: H, wait: 1s}\n",
       "cannot stand beside `wait`: no handler does"},
      {"  - {name: a, wait: 1s, wait_for_signal: x}\n", "cannot stand beside `wait`"},
      {"  - {name: a, wait: 1s, for_each: context.x}\n", "cannot stand beside `wait`"},
      {"  - {name: a, wait: soon}\n", "must be a span of time such as 500ms"},
      {"  - {name: a, wait: 0}\n", "must be a span of time"},
      {"  - {name: a, wait: 20000d}\n", "must be a span of time"},
      {"  - {name: a, handler_class: H, timeout: 1s}\n", "only beside `wait_for_signal`"},
      {"  - {name: a, handler_class: H, type: desicion}\n", "did you mean `decision`?"},
      {"  - {name: a, handler_class: H, branches: [b]}\n", "only with `type: decision`"},
      {a + "  - {name: b, handler_class: H, type: decision, branches: [a]}\n",
       "step `a` does not depend on `b`"},
      {"  - {name: a, handler_class: H, type: decision, for_each: context.x}\n",
       "cannot stand in a decision"},
      {"  - {name: a, handler_class: H, when: context.x = 1}\n", "equality is `==`"},
      {a + "  - {name: b, handler_class: H, when: steps.a.results.x}\n",
       "step `b` does not depend on `a`"},
      {a + "  - {name: b, handler_class: H, depends_on_step: a, when: steps.aa.results.x}\n",
       "there is no step `aa`; did you mean `a`?"},
      {"  - {name: a, handler_class: H, when: item.x}\n", "only in a `for_each` step"},
      {"  - {name: a, handler_class: H, for_each: {concurrency: 2}}\n",
       "for_each.items: is required"},
      {"  - {name: a, sub_task: {}}\n", "sub_task.name: is required"},
      {"  - {name: a, handler_class: H, compensates: b}\n", "there is no step `b`"},
      {"  - {name: a, handler_class: H, compensates: a}\n", "cannot undo itself"},
      {a + "  - {name: b, handler_class: H, compensates: a}\n"
           "  - {name: c, handler_class: H, compensates: a}\n",
       "step `b` undoes `a` already"},
      {a + "  - {name: b, handler_class: H, on_failure: true, depends_on_step: a}\n",
       "such a step cannot depend on others"},
      {"  - {name: b, handler_class: H, on_failure: true}\n"
       "  - {name: a, handler_class: H, depends_on_step: b}\n",
       "no step can depend on one that runs only after a failure"},
      {"  - {name: b, handler_class: H, on_failure: true, when: context.x}\n",
       "has no meaning in a step that runs only after a failure"},
      {"  - {name: a, handler_class: H, retry: {base: 1s, backoff_seconds: [1]}}\n",
       "cannot stand beside `backoff_seconds`"},
      {"  - {name: a, handler_class: H, retry: {jitter: 2}}\n", "must be a number from 0 to 1"},
      {"  - {name: a, handler_class: H, timeouts: 5s}\n", "timeouts: must be a map"},
  };
  for (const auto& [steps, why] : mistakes) EXPECT_THAT(MistakeIn(steps), HasSubstr(why)) << steps;
  EXPECT_THAT(MistakeIn(a, "priority: urgent\n"), HasSubstr("none of low, normal, high, critical"));
  EXPECT_THAT(MistakeIn(a, "identity: mine\n"),
              HasSubstr("none of always_unique, context and key"));
  EXPECT_THAT(MistakeIn(a, "deadline: never\n"), HasSubstr("must be a span of time"));
}

TEST(TemplateFlow, WarnsOfKeysThatHaveNoEffect) {
  const auto made =
      Load("", "  - {name: a, handler_class: H, retry: {limt: 3}, timeouts: {heart: 1s}}\n");
  std::vector<std::string> warnings;
  for (const Diagnostic& each : made.diagnostics) warnings.push_back(each.message);
  EXPECT_THAT(warnings, Contains(HasSubstr("did you mean `limit`?")));
  EXPECT_NE(made.compiled, nullptr);
}

}  // namespace
}  // namespace tasker::config
