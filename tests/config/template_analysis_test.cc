// What the shape of a template says.
#include "config/analysis/template_analysis.h"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/analysis/analysis_message.h"
#include "config/template_loader.h"

namespace tasker::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Below `bound`.
std::uint32_t Draw(std::mt19937& chance, std::uint32_t bound) {
  return static_cast<std::uint32_t>(chance() % bound);
}

engine::TaskTemplatePtr Load(const std::string& steps, const std::string& top = "") {
  LoadedTemplate loaded = LoadTemplate(
      "name: t\ntask_handler_class: T\n" + top + "step_templates:\n" + steps, TemplateOptions());
  EXPECT_NE(loaded.compiled, nullptr) << ToString(loaded.diagnostics);
  return loaded.compiled;
}

v1::TemplateAnalysis Analyze(const std::string& steps, const std::string& top = "") {
  const engine::TaskTemplatePtr made = Load(steps, top);
  return ToMessage(*made, AnalyzeTemplate(*made));
}

// The advice of a kind, a message each.
std::vector<std::string> AdviceOf(const v1::TemplateAnalysis& analysis, v1::AdviceKind kind) {
  std::vector<std::string> messages;
  for (const v1::TemplateAdvice& advice : analysis.advice()) {
    if (advice.kind() == kind) messages.push_back(advice.message());
  }
  return messages;
}

constexpr char kOrder[] = R"(
  - {name: fetch, handler_class: Fetch, timeouts: {start_to_close: 30s}}
  - {name: risk, handler_class: Risk, depends_on_step: fetch}
  - {name: stock, handler_class: Stock, depends_on_step: fetch, default_retry_limit: 1}
  - {name: route, handler_class: Route, type: decision, depends_on_steps: [risk, stock]}
  - {name: review, wait_for_signal: approved, timeout: 7d, depends_on_step: route}
  - {name: charge, handler_class: Charge, depends_on_step: route, when: context.amount > 100}
  - {name: images, handler_class: Images, for_each: context.images, depends_on_step: fetch}
  - {name: ship, sub_task: {name: shipping, version: 2.0.0}, depends_on_steps: [review, charge]}
  - {name: close, handler_class: Close, depends_on_steps: [ship, images]}
  - {name: refund, handler_class: Refund, compensates: charge}
  - {name: alert, handler_class: Alert, on_failure: true}
)";

TEST(TemplateAnalysis, TellsLevelsRootsLeavesAndPaths) {
  const v1::TemplateAnalysis analysis = Analyze(kOrder);
  ASSERT_EQ(analysis.levels_size(), 6);
  EXPECT_THAT(analysis.levels(0).steps(), ElementsAre("fetch"));
  EXPECT_THAT(analysis.levels(1).steps(), ElementsAre("risk", "stock", "images"));
  EXPECT_THAT(analysis.levels(5).steps(), ElementsAre("close"));
  EXPECT_THAT(analysis.roots(), ElementsAre("fetch"));
  EXPECT_THAT(analysis.leaves(), ElementsAre("close"));
  EXPECT_THAT(analysis.critical_path(),
              ElementsAre("fetch", "risk", "route", "review", "ship", "close"));
  EXPECT_THAT(analysis.slowest_path().steps(),
              ElementsAre("fetch", "risk", "route", "review", "ship", "close"));
  EXPECT_EQ(analysis.slowest_path().expected_duration().seconds(), 7 * 24 * 3600 + 30);
  EXPECT_EQ(analysis.slowest_path().unknown_steps(), 4u);
  EXPECT_EQ(analysis.parallelism().width(), 3u);
  EXPECT_EQ(analysis.parallelism().widest_level(), 2u);
  EXPECT_DOUBLE_EQ(analysis.parallelism().speedup(), 1.5);
  EXPECT_EQ(analysis.dependencies(), 11u);
}

TEST(TemplateAnalysis, TellsWhatEachStepIs) {
  const v1::TemplateAnalysis analysis = Analyze(kOrder);
  const v1::AnalyzedStep& route = analysis.steps(3);
  EXPECT_EQ(route.kind(), v1::STEP_KIND_DECISION);
  EXPECT_THAT(route.branches(), ElementsAre("review", "charge"));
  EXPECT_FALSE(route.may_be_left_out());
  EXPECT_TRUE(route.on_critical_path());
  const v1::AnalyzedStep& review = analysis.steps(4);
  EXPECT_EQ(review.kind(), v1::STEP_KIND_WAIT);
  EXPECT_EQ(review.waits_for(), "signal approved, at most 168h");
  EXPECT_TRUE(review.may_be_left_out());
  EXPECT_EQ(review.level(), 4u);
  EXPECT_EQ(analysis.steps(5).condition(), "context.amount > 100");
  EXPECT_EQ(analysis.steps(6).for_each(), "context.images");
  const v1::AnalyzedStep& ship = analysis.steps(7);
  EXPECT_EQ(ship.kind(), v1::STEP_KIND_SUB_TASK);
  EXPECT_EQ(ship.sub_task(), "default.shipping@2.0.0");
  EXPECT_EQ(ship.attempts(), 1u);
  // Both its parents may be left out; of `close` one stays.
  EXPECT_TRUE(ship.may_be_left_out());
  EXPECT_FALSE(analysis.steps(8).may_be_left_out());
  EXPECT_EQ(analysis.steps(9).compensates(), "charge");
  EXPECT_EQ(analysis.steps(9).level(), 0u);
  EXPECT_TRUE(analysis.steps(10).on_failure());
}

TEST(TemplateAnalysis, TellsWhatAFailureHoldsUp) {
  const v1::TemplateAnalysis analysis = Analyze(kOrder);
  EXPECT_TRUE(analysis.blocks_counted());
  const v1::ErrorChain& first = analysis.error_chains(0);
  EXPECT_EQ(first.step(), "fetch");
  EXPECT_EQ(first.blocks(), 8u);
  EXPECT_DOUBLE_EQ(first.share(), 1);
  EXPECT_EQ(first.chain(), 5u);
  const v1::TemplateBottleneck& bottleneck = analysis.bottlenecks(0);
  EXPECT_EQ(bottleneck.step(), "fetch");
  EXPECT_TRUE(bottleneck.everything_passes());
  EXPECT_EQ(bottleneck.children(), 3u);
  const v1::TemplateBottleneck& second = analysis.bottlenecks(1);
  EXPECT_EQ(second.step(), "route");
  EXPECT_FALSE(second.everything_passes());
  EXPECT_EQ(second.blocks(), 4u);
}

TEST(TemplateAnalysis, TakesTemplatesOfNothingButReserve) {
  const v1::TemplateAnalysis analysis =
      Analyze("  - {name: alert, handler_class: A, on_failure: true}\n");
  EXPECT_THAT(analysis.levels(), IsEmpty());
  EXPECT_THAT(analysis.critical_path(), IsEmpty());
  EXPECT_THAT(analysis.bottlenecks(), IsEmpty());
  EXPECT_EQ(analysis.parallelism().width(), 0u);
}

TEST(TemplateAnalysis, WaitsOfNoKnownLengthHaveNoTime) {
  const v1::TemplateAnalysis analysis = Analyze(
      "  - {name: until, wait_until: context.due_at}\n"
      "  - {name: signal, wait_for_signal: go}\n"
      "  - {name: day, wait: 24h}\n");
  EXPECT_FALSE(analysis.steps(0).has_expected_duration());
  EXPECT_FALSE(analysis.steps(1).has_expected_duration());
  EXPECT_EQ(analysis.steps(2).expected_duration().seconds(), 24 * 3600);
  EXPECT_EQ(analysis.steps(0).waits_for(), "until context.due_at");
  EXPECT_THAT(analysis.slowest_path().steps(), ElementsAre("day"));
}

TEST(TemplateAdvice, NamesStepsOfTheCriticalPathThatAreTriedOnce) {
  const auto said = AdviceOf(Analyze(kOrder), v1::ADVICE_KIND_NO_RETRY_ON_CRITICAL_PATH);
  // `stock` has a sibling on the path, `ship` retries inside its own task.
  EXPECT_THAT(said, IsEmpty());
  EXPECT_THAT(AdviceOf(Analyze("  - {name: a, handler_class: H, default_retryable: false}\n"
                               "  - {name: b, handler_class: H, depends_on_step: a, "
                               "default_retry_limit: 1}\n"),
                       v1::ADVICE_KIND_NO_RETRY_ON_CRITICAL_PATH),
              ElementsAre(HasSubstr("`a` and `b` are on the critical path and tried once only")));
}

TEST(TemplateAdvice, TellsOfADeadlineThatWaitsAloneBreak) {
  const std::string steps =
      "  - {name: a, wait: 20h}\n"
      "  - {name: b, handler_class: H, depends_on_step: a}\n"
      "  - {name: c, wait: 5h, depends_on_step: b}\n";
  EXPECT_THAT(AdviceOf(Analyze(steps, "deadline: 24h\n"), v1::ADVICE_KIND_DEADLINE_TOO_SHORT),
              ElementsAre("the waits of `a` and `c`, one after the other, take 25h, but the "
                          "`deadline` is 24h: no task can complete in time"));
  EXPECT_THAT(AdviceOf(Analyze(steps, "deadline: 26h\n"), v1::ADVICE_KIND_DEADLINE_TOO_SHORT),
              IsEmpty());
}

TEST(TemplateAdvice, TellsOfAStepThatAllWorkPasses) {
  const std::string steps =
      "  - {name: a, handler_class: H}\n"
      "  - {name: b, handler_class: H}\n"
      "  - {name: gate, handler_class: H, depends_on_steps: [a, b]}\n"
      "  - {name: c, handler_class: H, depends_on_step: gate}\n"
      "  - {name: d, handler_class: H, depends_on_steps: [gate]}\n";
  EXPECT_THAT(AdviceOf(Analyze(steps), v1::ADVICE_KIND_EVERYTHING_WAITS_FOR_ONE_STEP),
              ElementsAre(HasSubstr("all work passes through `gate`")));
  EXPECT_THAT(AdviceOf(Analyze(steps + "  - {name: aside, handler_class: H}\n"),
                       v1::ADVICE_KIND_EVERYTHING_WAITS_FOR_ONE_STEP),
              IsEmpty());
}

TEST(TemplateAdvice, TellsOfDependenciesThatOthersImplyButNotOfThoseThatADecisionNeeds) {
  const auto implied = Analyze(
      "  - {name: a, handler_class: H}\n"
      "  - {name: b, handler_class: H, depends_on_step: a}\n"
      "  - {name: c, handler_class: H, depends_on_steps: [a, b]}\n");
  EXPECT_THAT(AdviceOf(implied, v1::ADVICE_KIND_IMPLIED_DEPENDENCY),
              ElementsAre("`c` depends on `a` already through `b`; naming it is of use only for "
                          "its results"));
  EXPECT_EQ(implied.advice(0).concerned(), 1u);
  EXPECT_THAT(implied.advice(0).steps(), ElementsAre("c", "a", "b"));
  // Without `a`, leaving out `b` would leave out `c`.
  EXPECT_THAT(AdviceOf(Analyze("  - {name: a, handler_class: H, type: decision, branches: [b]}\n"
                               "  - {name: b, handler_class: H, depends_on_step: a}\n"
                               "  - {name: c, handler_class: H, depends_on_steps: [a, b]}\n"),
                       v1::ADVICE_KIND_IMPLIED_DEPENDENCY),
              IsEmpty());
}

TEST(TemplateAdvice, TellsOfUnusedParallelism) {
  const std::string steps =
      "  - {name: a, handler_class: H}\n  - {name: b, handler_class: H}\n"
      "  - {name: c, handler_class: H}\n";
  EXPECT_THAT(AdviceOf(Analyze(steps, "concurrent: false\n"), v1::ADVICE_KIND_PARALLELISM_UNUSED),
              ElementsAre("3 steps could run side by side, but `concurrent: false` lets them run "
                          "one by one only"));
  EXPECT_THAT(
      AdviceOf(Analyze(steps, "max_running_steps: 2\n"), v1::ADVICE_KIND_PARALLELISM_UNUSED),
      ElementsAre("3 steps could run side by side, but `max_running_steps` lets 2 of all "
                  "tasks run"));
  EXPECT_THAT(AdviceOf(Analyze(steps), v1::ADVICE_KIND_PARALLELISM_UNUSED), IsEmpty());
}

TEST(TemplateAdvice, TellsOfLongChainsAndWideJoins) {
  std::string chain = "  - {name: s0, handler_class: H, timeouts: {heartbeat: 5}}\n";
  for (std::uint32_t i = 1; i < kLongChain; ++i) {
    absl::StrAppend(&chain, "  - {name: s", i, ", handler_class: H, depends_on_step: s", i - 1,
                    ", timeouts: {heartbeat: 5}}\n");
  }
  EXPECT_THAT(AdviceOf(Analyze(chain), v1::ADVICE_KIND_LONG_CHAIN),
              ElementsAre(HasSubstr("the longest chain has 50 steps")));
  EXPECT_THAT(AdviceOf(Analyze(chain), v1::ADVICE_KIND_NO_TIMEOUT_ON_CRITICAL_PATH), IsEmpty());

  std::string wide;
  std::string parents;
  for (std::uint32_t i = 0; i < kWideJoin; ++i) {
    absl::StrAppend(&wide, "  - {name: s", i, ", handler_class: H}\n");
    absl::StrAppend(&parents, i == 0 ? "" : ", ", "s", i);
  }
  absl::StrAppend(&wide, "  - {name: join, handler_class: H, depends_on_steps: [", parents, "]}\n");
  EXPECT_THAT(AdviceOf(Analyze(wide), v1::ADVICE_KIND_WIDE_JOIN),
              ElementsAre(HasSubstr("`join` waits for up to 100 steps")));
}

TEST(TemplateAdvice, TellsOfStepsThatMayHangUnlessTheTaskHasADeadline) {
  const std::string step = "  - {name: a, handler_class: H}\n";
  EXPECT_THAT(AdviceOf(Analyze(step), v1::ADVICE_KIND_NO_TIMEOUT_ON_CRITICAL_PATH), SizeIs(1));
  EXPECT_THAT(
      AdviceOf(Analyze(step, "deadline: 1h\n"), v1::ADVICE_KIND_NO_TIMEOUT_ON_CRITICAL_PATH),
      IsEmpty());
}

// A step that everything passes is before or behind each other one: looked up for each pair.
TEST(TemplateAnalysis, FindsWhatEverythingPassesInRandomTemplates) {
  std::mt19937 chance(5);
  for (int round = 0; round < 100; ++round) {
    const std::uint32_t count = 2 + Draw(chance, 12);
    std::string steps;
    for (std::uint32_t i = 0; i < count; ++i) {
      std::string parents;
      for (std::uint32_t p = 0; p < i; ++p) {
        if (Draw(chance, 3) == 0) absl::StrAppend(&parents, parents.empty() ? "" : ", ", "s", p);
      }
      absl::StrAppend(&steps, "  - {name: s", i, ", handler_class: H, depends_on_steps: [", parents,
                      "]}\n");
    }
    const engine::TaskTemplatePtr made = Load(steps);
    const TemplateAnalysis analysis = AnalyzeTemplate(*made);
    std::vector<std::vector<bool>> before(count, std::vector<bool>(count, false));
    for (std::uint32_t i = 0; i < count; ++i) {
      for (const engine::StepIndex parent : made->steps[i].parents) {
        before[Raw(parent)][i] = true;
        for (std::uint32_t a = 0; a < count; ++a) {
          if (before[a][Raw(parent)]) before[a][i] = true;
        }
      }
    }
    for (const Bottleneck& bottleneck : analysis.bottlenecks) {
      bool passes = true;
      for (std::uint32_t other = 0; other < count; ++other) {
        passes = passes && (other == bottleneck.step || before[other][bottleneck.step] ||
                            before[bottleneck.step][other]);
      }
      EXPECT_EQ(bottleneck.everything_passes, passes);
    }
  }
}

}  // namespace
}  // namespace tasker::config
