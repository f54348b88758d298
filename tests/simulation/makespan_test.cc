// Workflows in virtual time: with handlers enough the critical path decides, with few the bound of
// list scheduling (Graham 1966): total work / slots + critical path.
#include "tests/simulation/makespan.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <regex>
#include <sstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/simulation/random_source.h"

namespace tasker::simulation {
namespace {

using engine::Duration;
using engine::StepIndex;

struct Workflow {
  engine::TaskTemplatePtr task_template;
  std::vector<Duration> durations;
};

Workflow Compile(engine::ParentLists parents, std::vector<Duration> durations) {
  auto made = std::make_shared<engine::TaskTemplate>();
  made->id = {"ns", "workflow", "1"};
  for (std::uint32_t i = 0; i < parents.size(); ++i) {
    engine::StepTemplate step;
    step.name = "s" + std::to_string(i);
    step.handler_class = "Sleep";
    step.parents = parents[i];
    made->steps.push_back(std::move(step));
  }
  made->dag = engine::Dag(parents);
  return {std::move(made), std::move(durations)};
}

Duration CriticalPath(const Workflow& workflow) {
  const engine::Dag& dag = workflow.task_template->dag;
  std::vector<Duration> ends(dag.size(), Duration::zero());
  std::vector<std::uint32_t> missing(dag.size());
  std::vector<StepIndex> ready;
  for (std::uint32_t i = 0; i < dag.size(); ++i) {
    missing[i] = dag.ParentCountOf(StepIndex{i});
    if (missing[i] == 0) ready.push_back(StepIndex{i});
  }
  Duration longest{};
  for (std::size_t k = 0; k < ready.size(); ++k) {
    const StepIndex step = ready[k];
    ends[Raw(step)] += workflow.durations[Raw(step)];
    longest = std::max(longest, ends[Raw(step)]);
    for (const StepIndex child : dag.ChildrenOf(step)) {
      ends[Raw(child)] = std::max(ends[Raw(child)], ends[Raw(step)]);
      if (--missing[Raw(child)] == 0) ready.push_back(child);
    }
  }
  return longest;
}

void CheckBounds(const Workflow& workflow) {
  const Duration critical = CriticalPath(workflow);
  Duration work{};
  for (const Duration each : workflow.durations) work += each;
  EXPECT_EQ(MakespanOf(workflow.task_template, workflow.durations, 100'000), critical);
  for (const std::uint32_t slots : {1u, 2u, 7u, 64u}) {
    const Duration span = MakespanOf(workflow.task_template, workflow.durations, slots);
    EXPECT_LE(span, work / slots + critical) << slots << " slots";
    EXPECT_GE(span, std::max(critical, work / slots)) << slots << " slots";
  }
  EXPECT_EQ(MakespanOf(workflow.task_template, workflow.durations, 1), work);
}

TEST(Makespan, OfRandomGraphsKeepsTheBounds) {
  RandomSource random(7);
  for (int round = 0; round < 20; ++round) {
    const std::uint32_t steps = 1 + random.Below(400);
    engine::ParentLists parents(steps);
    std::vector<Duration> durations(steps);
    for (std::uint32_t i = 0; i < steps; ++i) {
      durations[i] = std::chrono::milliseconds(random.Below(5000));
      for (std::uint32_t k = 0; i > 0 && k < random.Below(4); ++k) {
        const StepIndex parent{random.Below(i)};
        if (std::ranges::find(parents[i], parent) == parents[i].end()) {
          parents[i].push_back(parent);
        }
      }
    }
    CheckBounds(Compile(std::move(parents), std::move(durations)));
  }
}

std::filesystem::path DataFolder() {
  const char* set = std::getenv("TASKER_TEST_DATA");
  const std::filesystem::path data =
      set != nullptr ? std::filesystem::path(set)
                     : std::filesystem::path(TASKER_SOURCE_FOLDER) / "../shared/data";
  return data / "wfinstances";
}

Workflow ReadWorkflow(const std::filesystem::path& file) {
  std::ifstream in(file);
  const nlohmann::json instance = nlohmann::json::parse(in);
  std::map<std::string, StepIndex> places;
  for (const auto& task : instance["tasks"]) {
    places.emplace(task["id"], StepIndex{static_cast<std::uint32_t>(places.size())});
  }
  engine::ParentLists parents;
  std::vector<Duration> durations;
  for (const auto& task : instance["tasks"]) {
    parents.emplace_back();
    for (const auto& parent : task["parents"]) parents.back().push_back(places.at(parent));
    durations.emplace_back(std::llround(task["runtime_s"].get<double>() * 1e6));
  }
  return Compile(std::move(parents), std::move(durations));
}

// The critical paths that the folder's README prints, in seconds, by file name.
std::map<std::string, std::string> PrintedCriticalPaths(const std::filesystem::path& folder) {
  std::ifstream in(folder / "README.md");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const std::regex row(R"(\| `([^`]+\.json)` \|(?:[^|]*\|){8} ([0-9.]+) \|)");
  std::map<std::string, std::string> printed;
  for (std::sregex_iterator at(text.begin(), text.end(), row), end; at != end; ++at) {
    printed[(*at)[1]] = (*at)[2];
  }
  return printed;
}

TEST(Makespan, OfRealWorkflowsIsTheirCriticalPath) {
  const std::filesystem::path folder = DataFolder();
  if (!std::filesystem::exists(folder)) {
    GTEST_SKIP() << "no folder " << folder << ": set TASKER_TEST_DATA";
  }
  const std::map<std::string, std::string> printed = PrintedCriticalPaths(folder);
  ASSERT_GE(printed.size(), 9u);
  for (const auto& [file, seconds] : printed) {
    const Workflow workflow = ReadWorkflow(folder / file);
    char text[32];
    std::snprintf(text, sizeof(text), "%.3f",
                  std::chrono::duration<double>(CriticalPath(workflow)).count());
    EXPECT_EQ(text, seconds) << file;
    CheckBounds(workflow);
  }
}

}  // namespace
}  // namespace tasker::simulation
