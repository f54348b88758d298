// The parts of the load driver that need no service.
#include <filesystem>
#include <unistd.h>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "tests/bench/child_process.h"
#include "tests/bench/process_usage.h"
#include "tests/bench/report.h"

namespace tasker::bench {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

Measurement HundredTasks() {
  Measurement measurement;
  measurement.window = std::chrono::seconds(2);
  for (int i = 100; i >= 1; --i) measurement.latencies.push_back(milliseconds(i));
  measurement.steps_per_task = 5;
  measurement.server_cpu = std::chrono::microseconds(10'000);
  measurement.syncs = 50;
  measurement.server_peak_bytes = 3 << 20;
  return measurement;
}

TEST(Report, MakeReport_CountsRatesAndPercentiles) {
  const Report report = MakeReport(HundredTasks());
  EXPECT_DOUBLE_EQ(report.workflows_per_second, 50);
  EXPECT_DOUBLE_EQ(report.steps_per_second, 250);
  EXPECT_DOUBLE_EQ(report.p50_ms, 50);
  EXPECT_DOUBLE_EQ(report.p95_ms, 95);
  EXPECT_DOUBLE_EQ(report.p99_ms, 99);
  EXPECT_DOUBLE_EQ(report.server_cpu_us_per_step, 20);
  EXPECT_DOUBLE_EQ(report.syncs_per_step, 0.1);
  EXPECT_DOUBLE_EQ(report.peak_rss_mb, 3);
}

TEST(Report, OneTask_IsEveryPercentile) {
  Measurement measurement;
  measurement.window = std::chrono::seconds(1);
  measurement.latencies = {milliseconds(7)};
  measurement.steps_per_task = 1;
  const Report report = MakeReport(measurement);
  EXPECT_DOUBLE_EQ(report.p50_ms, 7);
  EXPECT_DOUBLE_EQ(report.p99_ms, 7);
}

TEST(Report, Syncs_ThatAreUnknownAreNullAndSaidSo) {
  Measurement measurement = HundredTasks();
  measurement.syncs = -1;
  const Report report = MakeReport(measurement);
  EXPECT_TRUE(nlohmann::json::parse(ToJson(report)).at("syncs_per_step").is_null());
  EXPECT_THAT(ToTable(report), HasSubstr("unknown"));
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
