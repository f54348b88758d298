// The parts of the load driver that need no service.
#include <cmath>
#include <filesystem>
#include <limits>
#include <thread>
#include <unistd.h>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "clients/bench/child_process.h"
#include "clients/bench/compare.h"
#include "clients/bench/handler_classes.h"
#include "clients/bench/handler_programs.h"
#include "clients/bench/ledger.h"
#include "clients/bench/metrics_page.h"
#include "clients/bench/process_usage.h"
#include "clients/bench/svg_plot.h"
#include "clients/bench/wf_instance.h"
#include "clients/bench/workload.h"

namespace tasker::bench {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::chrono::nanoseconds> UpTo(int count) {
  std::vector<std::chrono::nanoseconds> times;
  for (int i = 1; i <= count; ++i) times.push_back(milliseconds(i));
  return times;
}

TEST(Figures, PercentileMs_IsTheNearestRank) {
  EXPECT_DOUBLE_EQ(PercentileMs(UpTo(100), 0.50), 50);
  EXPECT_DOUBLE_EQ(PercentileMs(UpTo(100), 0.95), 95);
  EXPECT_DOUBLE_EQ(PercentileMs(UpTo(100), 0.99), 99);
  EXPECT_DOUBLE_EQ(PercentileMs(UpTo(1), 0.01), 1);
  EXPECT_TRUE(std::isnan(PercentileMs({}, 0.5)));
}

Figures FiguresOf(double rate, double syncs) {
  Figures figures;
  figures.Set("workflows_per_second", rate);
  figures.Set("syncs_per_step", syncs);
  return figures;
}

TEST(Figures, Summary_HasMedianAndRangeOfAllRuns) {
  const Summary summary({FiguresOf(30, 1), FiguresOf(10, 1), FiguresOf(20, 1)});
  EXPECT_DOUBLE_EQ(summary.Median("workflows_per_second"), 20);
  const auto json = summary.ToJson();
  EXPECT_EQ(json.at("workflows_per_second"), 20);
  EXPECT_EQ(json.at("min").at("workflows_per_second"), 10);
  EXPECT_EQ(json.at("max").at("workflows_per_second"), 30);
}

TEST(Figures, MedianOfTwo_IsTheirMean) { EXPECT_DOUBLE_EQ(SpreadOf({1, 4}).median, 2.5); }

TEST(Figures, WhatIsUnknown_IsNullAndCountsForNothing) {
  const double unknown = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(Summary({FiguresOf(1, unknown)}).ToJson().at("syncs_per_step").is_null());
  EXPECT_DOUBLE_EQ(SpreadOf({unknown, 3}).median, 3);
  EXPECT_TRUE(std::isnan(FiguresOf(1, 2).Get("no_such_figure")));
}

TEST(MetricsPage, Sum_AddsAllLabelsOfThatMetricAlone) {
  const MetricsPage page(
      "# HELP syncs help\nsyncs{shard=\"a\"} 3\nsyncs{shard=\"b\"} 4.5\nsyncs_other 9\n");
  EXPECT_DOUBLE_EQ(*page.Sum("syncs"), 7.5);
  EXPECT_EQ(page.Sum("sync").status().code(), absl::StatusCode::kNotFound);
}

// Two roads from a to d: by b 3 s, by c 1 s.
constexpr char kInstance[] = R"({"name": "small", "tasks": [
  {"id": "a", "parents": [], "runtime_s": 1},
  {"id": "b", "parents": ["a"], "runtime_s": 3},
  {"id": "c", "parents": ["a"], "runtime_s": 1},
  {"id": "d", "parents": ["b", "c"], "runtime_s": 0.5}]})";

TEST(WfInstance, CriticalPathLevelsAndWidth_AreThoseOfTheScaledTimes) {
  const auto workload = InstanceWorkload(kInstance, {.factor = 0.1});
  ASSERT_TRUE(workload.ok()) << workload.status();
  EXPECT_DOUBLE_EQ(workload->critical_path_ms, 450);
  EXPECT_EQ(workload->levels, 3u);
  EXPECT_EQ(workload->steps, 4u);
  EXPECT_GE(workload->width, 2u);
  EXPECT_THAT(workload->yaml, HasSubstr("duration_ms: 300"));
  EXPECT_THAT(workload->yaml, HasSubstr(R"(depends_on_steps: ["b","c"])"));
}

TEST(WfInstance, WithoutAFactor_TheCriticalPathIsAsLongAsAskedFor) {
  const auto workload = InstanceWorkload(kInstance, {.critical_path_ms = 90});
  ASSERT_TRUE(workload.ok()) << workload.status();
  EXPECT_DOUBLE_EQ(workload->critical_path_ms, 90);
}

TEST(WfInstance, WhatIsNoWorkflow_IsRefusedWithTheReason) {
  const auto reason = [](const std::string& text) {
    const auto workload = InstanceWorkload(text, {});
    EXPECT_EQ(workload.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(workload.status().message());
  };
  EXPECT_THAT(reason("no JSON"), HasSubstr("not a recorded workflow"));
  EXPECT_THAT(reason(R"({"name": "x", "tasks": []})"), HasSubstr("no tasks"));
  EXPECT_THAT(reason(R"({"name": "x", "tasks": [{"id": "a", "parents": ["b"], "runtime_s": 1},
                         {"id": "b", "parents": ["a"], "runtime_s": 1}]})"),
              HasSubstr("cycle"));
  EXPECT_THAT(reason(R"({"name": "x", "tasks": [{"id": "a", "parents": ["q"], "runtime_s": 1}]})"),
              HasSubstr("waits for q"));
}

TEST(Workload, Payload_IsAsLongAsAskedFor) {
  EXPECT_EQ(PayloadOf(1000).size(), 1000u);
  EXPECT_TRUE(nlohmann::json::accept(PayloadOf(0)));
  EXPECT_TRUE(nlohmann::json::accept(PayloadOf(1 << 20)));
}

TEST(Workload, RandomGraph_IsTheSameEachTime) {
  EXPECT_EQ(DagWorkload(50).yaml, DagWorkload(50).yaml);
  EXPECT_EQ(DagWorkload(50).steps, 50u);
}

ThreadUsage Thread(const char* name, int cpu_us, std::uint64_t waits) {
  ThreadUsage usage;
  usage.name = name;
  usage.threads = 1;
  usage.cpu = std::chrono::microseconds(cpu_us);
  usage.switches_to_wait = waits;
  return usage;
}

TEST(Ledger, Rows_AreByStepAndTheLargestFirst) {
  const auto rows = LedgerJson(
      {Thread("commit", 100, 5), Thread("partition", 300, 10), Thread("idle", 0, 0)}, 10);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].at("thread"), "partition");
  EXPECT_EQ(rows[0].at("cpu_us_per_step"), 30);
  EXPECT_EQ(rows[0].at("share"), 0.75);
  EXPECT_EQ(rows[0].at("waits_per_step"), 1);
  EXPECT_TRUE(LedgerJson({Thread("commit", 100, 5)}, 0)[0].at("cpu_us_per_step").is_null());
}

TEST(Comparison, Ratio_IsOfEachPair) {
  const Comparison comparison{{},
                              {},
                              Summary({FiguresOf(10, 1), FiguresOf(20, 1)}),
                              Summary({FiguresOf(20, 1), FiguresOf(20, 1)})};
  EXPECT_DOUBLE_EQ(comparison.Ratio("workflows_per_second").min, 1);
  EXPECT_DOUBLE_EQ(comparison.Ratio("workflows_per_second").median, 1.5);
  EXPECT_DOUBLE_EQ(comparison.Ratio("workflows_per_second").max, 2);
}

TEST(SvgPlot, Ticks_ArePowersOfTenOrRoundNumbers) {
  EXPECT_THAT(Ticks(Scale::kLogarithmic, 1, 1000), ElementsAre(1, 10, 100, 1000));
  EXPECT_THAT(Ticks(Scale::kLinear, 0, 5000), ElementsAre(0, 1000, 2000, 3000, 4000, 5000));
}

TEST(SvgPlot, Numbers_AreShort) {
  EXPECT_EQ(ShortNumber(0), "0");
  EXPECT_EQ(ShortNumber(0.5), "0.5");
  EXPECT_EQ(ShortNumber(2500), "2,500");
  EXPECT_EQ(ShortNumber(10'000), "10k");
  EXPECT_EQ(ShortNumber(1'500'000), "1.5M");
}

TEST(SvgPlot, Picture_HasTitleAxesAndEveryPoint) {
  Plot plot;
  plot.title = "Steps a second <by tasks>";
  plot.x_label = "tasks";
  plot.y_label = "steps/s";
  plot.lines = {{"a", {{0, 5}, {10, 50}}}, {"b", {{1, 7}, {100, 70}}}};
  const std::string svg = ToSvg(plot);
  EXPECT_THAT(svg, HasSubstr("Steps a second &lt;by tasks&gt;"));
  EXPECT_THAT(svg, HasSubstr("prefers-color-scheme: dark"));
  EXPECT_THAT(svg, HasSubstr("<title>100: 70</title>"));
  EXPECT_THAT(svg, HasSubstr("<title>0: 5</title>"));
  EXPECT_THAT(svg, testing::Not(HasSubstr("nan")));
  EXPECT_THAT(svg, testing::Not(HasSubstr("inf")));
}

TEST(SvgPlot, OnePoint_IsDrawnToo) {
  Plot plot;
  plot.lines = {{"", {{5, 0}}}};
  EXPECT_THAT(ToSvg(plot), testing::Not(HasSubstr("nan")));
}

TEST(HandlerPrograms, CommandOfAProgram_HasAddressAndConcurrency) {
  HandlerOptions options;
  options.program = "/opt/mine";
  options.concurrency = 7;
  EXPECT_THAT(*HandlerCommand(options, "/bin/tasker", "127.0.0.1:1"),
              ElementsAre("/opt/mine", "--address", "127.0.0.1:1", "--concurrency", "7"));
}

TEST(ProcessUsage, ThreadsOf_TellsThemByName) {
  absl::Notification named;
  absl::Notification done;
  std::thread thread([&] {
    pthread_setname_np(pthread_self(), "bench-test-7");
    named.Notify();
    done.WaitForNotification();
  });
  named.WaitForNotification();
  const auto threads = ThreadsOf(getpid());
  done.Notify();
  thread.join();
  ASSERT_TRUE(threads.ok()) << threads.status();
  EXPECT_TRUE(std::ranges::any_of(*threads, [](const ThreadUsage& each) {
    return each.name == "bench-test-" && each.threads == 1 && each.cpu.count() > 0;
  }));
  EXPECT_EQ(ThreadsOf(-1).status().code(), absl::StatusCode::kNotFound);
}

TEST(ProcessUsage, OwnProcess_HasUsedMemoryAndTime) {
  EXPECT_GT(*PeakResidentBytesOf(getpid()), 1u << 20);
  const auto before = *CpuTimeOf(getpid());
  while (*CpuTimeOf(getpid()) == before) {
  }
  EXPECT_GT(*CpuTimeOf(getpid()), before);
}

TEST(ProcessUsage, ProcessThatIsNotThere_IsNotFound) {
  EXPECT_EQ(CpuTimeOf(-1).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(PeakResidentBytesOf(-1).status().code(), absl::StatusCode::kNotFound);
}

std::string OutputPath() {
  return std::filesystem::temp_directory_path() / ("bench_test-" + std::to_string(getpid()));
}

TEST(ChildProcess, WatchExit_TellsHowItEndedAndWhatItSaid) {
  auto child = ChildProcess::Start({"/bin/sh", "-c", "echo cannot open it; exit 3"}, OutputPath());
  ASSERT_TRUE(child.ok()) << child.status();
  absl::Notification exited;
  std::string reason;
  (*child)->WatchExit([&](const std::string& text) {
    reason = text;
    exited.Notify();
  });
  exited.WaitForNotification();
  EXPECT_THAT(reason, HasSubstr("sh exited with 3"));
  EXPECT_THAT(reason, HasSubstr("cannot open it"));
  std::filesystem::remove(OutputPath());
}

TEST(ChildProcess, Destructor_EndsItWithoutCallingBack) {
  bool called = false;
  {
    auto child = ChildProcess::Start({"/bin/cat", "/dev/zero"}, "/dev/null");
    ASSERT_TRUE(child.ok()) << child.status();
    (*child)->WatchExit([&](const std::string&) { called = true; });
  }
  EXPECT_FALSE(called);
}

TEST(ChildProcess, ProgramThatIsNotThere_IsNotFound) {
  EXPECT_EQ(ChildProcess::Start({"/no/such/program"}, "/dev/null").status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace tasker::bench
