// `tasker bench` as it is used. No figure is held to anything: it has to be there.
#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <unistd.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include <sys/wait.h>

#include "clients/bench/test_bed.h"

namespace tasker::bench {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kWanted[] = {
    "workflows_per_second",   "steps_per_second", "p50_ms",     "p95_ms", "p99_ms",
    "server_cpu_us_per_step", "syncs_per_step",   "peak_rss_mb"};

struct Output {
  int exit_code = -1;
  // Of stdout; of stderr too if there was nothing on it.
  std::string text;
};

// Runs `tasker bench ARGUMENTS` with the folder for its stores on a disk.
Output RunBench(const std::string& arguments, bool with_errors = false) {
  const std::string command = std::string(TASKER_PROGRAM) + " bench " + arguments +
                              " --data-dir " SCRATCH_FOLDER " --quiet " +
                              (with_errors ? "2>&1" : "");
  Output output;
  FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return output;
  std::array<char, 4096> piece{};
  for (std::size_t size = 0; (size = fread(piece.data(), 1, piece.size(), pipe)) > 0;) {
    output.text.append(piece.data(), size);
  }
  const int status = pclose(pipe);
  output.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return output;
}

class ScratchFile {
 public:
  ScratchFile(const std::string& name, const std::string& text)
      : path_(std::string(SCRATCH_FOLDER "/") + std::to_string(getpid()) + "-" + name) {
    std::ofstream(path_) << text;
  }
  ~ScratchFile() { std::filesystem::remove(path_); }
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

TEST(BenchProgram, OneCase_IsOneObjectWithAllFigures) {
  const Output output =
      RunBench("--in-flight 8 --seconds 0.1 --warmup 0 --runs 2 --ledger --output json");
  ASSERT_EQ(output.exit_code, 0);
  const auto json = nlohmann::json::parse(output.text);
  for (const char* figure : kWanted) {
    ASSERT_TRUE(json.at(figure).is_number()) << figure;
    EXPECT_GT(json.at(figure), 0) << figure;
    EXPECT_LE(json.at("min").at(figure), json.at(figure)) << figure;
    EXPECT_GE(json.at("max").at(figure), json.at(figure)) << figure;
  }
  EXPECT_EQ(json.at("runs"), 2);
  const auto& ledger = json.at("ledger");
  EXPECT_TRUE(std::any_of(ledger.begin(), ledger.end(),
                          [](const auto& row) { return row.at("thread") == "partition"; }));
}

TEST(BenchProgram, SeveralCases_AreAnArray) {
  const Output output = RunBench(
      "--workload chain,diamond --in-flight 1,4 --seconds 0.1 --warmup 0 --runs 1 --output json");
  ASSERT_EQ(output.exit_code, 0);
  const auto json = nlohmann::json::parse(output.text);
  ASSERT_EQ(json.size(), 4u);
  EXPECT_EQ(json[3].at("workload"), "diamond");
  EXPECT_EQ(json[3].at("in_flight"), 4);
}

TEST(BenchProgram, OpenLoop_CountsTheTasksThatWereDue) {
  const Output output = RunBench("--rate 50 --seconds 0.4 --warmup 0 --runs 1 --output json");
  ASSERT_EQ(output.exit_code, 0);
  const auto json = nlohmann::json::parse(output.text);
  EXPECT_EQ(json.at("rate"), 50);
  EXPECT_EQ(json.at("unfinished"), 0);
  EXPECT_GT(json.at("p99_ms"), 0);
}

// Every workload, the crowd and the comparisons.
TEST(BenchProgram, All_MeasuresEveryRowInItsShortForm) {
  const ScratchFile instance("instance.json", R"({"name": "small", "tasks": [
      {"id": "a", "parents": [], "runtime_s": 1}, {"id": "b", "parents": ["a"], "runtime_s": 3},
      {"id": "c", "parents": ["a"], "runtime_s": 1}]})");
  const Output output =
      RunBench("all --short --without-typescript --output json --instance " + instance.path());
  ASSERT_EQ(output.exit_code, 0) << output.text;
  const auto json = nlohmann::json::parse(output.text);
  int unmeasured = 0;
  for (const auto& row : json.at("rows")) {
    const bool left_out = row.at("what").get<std::string>().find("TypeScript") != std::string::npos;
    if (left_out) {
      ++unmeasured;
    } else {
      EXPECT_THAT(row.at("measured").get<std::string>(), Not(StartsWith("not measured")));
    }
    EXPECT_TRUE(row.at("met").is_null());
  }
  EXPECT_EQ(unmeasured, 1);
  EXPECT_GE(json.at("rows").size(), 20u);
}

TEST(BenchProgram, ServiceOfAnAddress_IsMeasuredByItsOwnMetrics) {
  BedOptions options;
  options.taskerd = TASKERD_PROGRAM;
  options.data_dir = SCRATCH_FOLDER;
  const auto bed = TestBed::Make(options);
  ASSERT_TRUE(bed.ok()) << bed.status();
  const Output output =
      RunBench("--in-flight 4 --seconds 0.1 --warmup 0 --runs 1 --output json --address " +
               (*bed)->address() + " --metrics " + (*bed)->server()->metrics_address());
  ASSERT_EQ(output.exit_code, 0);
  const auto json = nlohmann::json::parse(output.text);
  for (const char* figure : kWanted) EXPECT_GT(json.at(figure), 0) << figure;
}

TEST(BenchProgram, WithoutMetrics_WhatOnlyTheServiceKnowsIsNull) {
  BedOptions options;
  options.taskerd = TASKERD_PROGRAM;
  options.data_dir = SCRATCH_FOLDER;
  const auto bed = TestBed::Make(options);
  ASSERT_TRUE(bed.ok()) << bed.status();
  const Output output =
      RunBench("--in-flight 4 --seconds 0.1 --warmup 0 --runs 1 --output json --address " +
               (*bed)->address());
  ASSERT_EQ(output.exit_code, 0);
  const auto json = nlohmann::json::parse(output.text);
  EXPECT_TRUE(json.at("server_cpu_us_per_step").is_null());
  EXPECT_TRUE(json.at("peak_rss_mb").is_null());
  EXPECT_GT(json.at("steps_per_second"), 0);
}

TEST(BenchProgram, Compare_TellsTheRatioOfTwoPrograms) {
  const Output output = RunBench(
      "--in-flight 4 --seconds 0.1 --warmup 0 --runs 2 --output json "
      "--compare " TASKERD_PROGRAM " " TASKERD_PROGRAM);
  ASSERT_EQ(output.exit_code, 0);
  const auto json = nlohmann::json::parse(output.text);
  EXPECT_EQ(json.at("pairs"), 2);
  EXPECT_GT(json.at("ratio").at("workflows_per_second").at("median"), 0);
}

TEST(BenchProgram, Growth_WritesPlotsAndFigures) {
  const std::string folder = std::string(SCRATCH_FOLDER "/growth-") + std::to_string(getpid());
  const Output output = RunBench(
      "growth --in-flight-max 10 --stored-max 50 --steps-max 10 --payload-max 1000 --seconds 0.1 "
      "--warmup 0 --runs 1 --folder " +
      folder);
  EXPECT_EQ(output.exit_code, 0);
  for (const char* subject : {"in_flight", "stored", "steps", "payload"}) {
    for (const char* figure : {"steps_per_second", "memory", "cpu"}) {
      std::ostringstream text;
      text << std::ifstream(folder + "/" + subject + "-" + figure + ".svg").rdbuf();
      EXPECT_THAT(text.str(), StartsWith("<svg")) << subject << figure;
      EXPECT_THAT(text.str(), HasSubstr("</svg>"));
    }
  }
  const auto json = nlohmann::json::parse(std::ifstream(folder + "/growth.json"));
  ASSERT_EQ(json.at("curves").size(), 4u);
  EXPECT_EQ(json.at("curves")[0].at("points").size(), 2u);
  EXPECT_EQ(json.at("curves")[1].at("points")[0].at("x"), 0);
  std::filesystem::remove_all(folder);
}

TEST(BenchProgram, ServiceThatEnds_IsToldWithItsLastWords) {
  const Output output =
      RunBench("--runs 1 --seconds 0.1 --settings 'no_such_setting: 1'", /*with_errors=*/true);
  EXPECT_EQ(output.exit_code, 3);
  EXPECT_THAT(output.text, HasSubstr("no_such_setting"));
}

TEST(BenchProgram, WhatCannotBeRun_IsWrongUsage) {
  const Output program = RunBench("--runs 1 --taskerd /no/such/taskerd", true);
  EXPECT_EQ(program.exit_code, 2);
  EXPECT_THAT(program.text, HasSubstr("/no/such/taskerd"));
  const Output workload = RunBench("--workload sideways", true);
  EXPECT_EQ(workload.exit_code, 2);
  EXPECT_THAT(workload.text, HasSubstr("sideways"));
  const Output instance = RunBench("--workload wfinstance --instance /no/such/file", true);
  EXPECT_EQ(instance.exit_code, 2);
  EXPECT_THAT(instance.text, HasSubstr("/no/such/file"));
}

}  // namespace
}  // namespace tasker::bench
