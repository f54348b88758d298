// What is exported and imported is what was there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "service/templates/template_registry.h"
#include "service/transfer/exporter.h"
#include "service/transfer/importer.h"
#include "service/transfer/record_json.h"
#include "tests/service/runner_world.h"

namespace tasker::service {
namespace {

using storage::Table;
using ::testing::HasSubstr;

constexpr char kTemplate[] =
    "name: one\nnamespace_name: ns\nversion: 1.0.0\ntask_handler_class: T\n"
    "step_templates: [{name: a, handler_class: H}]\n";

// A world whose templates are those of a registry.
struct World : RunnerWorld {
  World() {
    std::vector<std::string> problems;
    registry = *TemplateRegistry::Open(
        &store, "test", [](std::string_view) -> std::optional<std::string> { return std::nullopt; },
        problems);
    EXPECT_TRUE(problems.empty());
  }

  void Apply() {
    ASSERT_TRUE(registry->Apply(kTemplate, "one.yaml").ok());
    templates = {registry->Compiled({"ns", "one", "1.0.0"})};
  }

  std::string Export(v1::ExportRecordsRequest request = {}) {
    Exporter exporter(std::move(request), &store, kTestPartition);
    std::string all;
    for (std::string lines = *exporter.Next(); !lines.empty(); lines = *exporter.Next()) {
      all += lines;
    }
    return all;
  }

  std::unique_ptr<TemplateRegistry> registry;
};

absl::Status Import(World& world, std::string_view text, v1::ImportRecordsResponse& counts) {
  Importer importer(kTestPartition, 4 << 20, world.registry.get(), world.runner.get());
  absl::Status taken;
  // In small pieces, as a network may bring it.
  for (std::size_t at = 0; at < text.size() && taken.ok(); at += 7) {
    taken = importer.Take(text.substr(at, 7));
  }
  if (taken.ok()) taken = importer.Finish();
  counts = importer.counts();
  return taken;
}

TEST(Transfer, TakesTasksHistoryAndEventsToAnotherStore) {
  World from;
  from.Apply();
  from.Finish('a', from.templates[0]);
  ASSERT_TRUE(from.Create('b', from.templates[0]).ok());
  const std::string exported = from.Export();

  World to;
  // The runner asks for templates that the import itself brings.
  to.templates = from.templates;
  v1::ImportRecordsResponse counts;
  const absl::Status imported = Import(to, exported, counts);
  ASSERT_TRUE(imported.ok()) << imported;
  EXPECT_EQ(counts.templates(), 1u);
  EXPECT_EQ(counts.tasks(), 2u);
  EXPECT_GT(counts.events(), 2u);
  EXPECT_EQ(to.runner->open_tasks(), 1u);
  // The template's own line says when it was applied.
  const auto tasks_on = [](const std::string& text) { return text.substr(text.find("{\"task\"")); };
  EXPECT_EQ(tasks_on(to.Export()), tasks_on(exported));
  EXPECT_EQ(to.RowsIn(Table::kFinished), 1u);
  EXPECT_EQ(to.RowsIn(Table::kOpen), 1u);
  EXPECT_EQ(to.RowsIn(Table::kCreated), 2u);
  // The open one goes on, the finished one can be repaired.
  EXPECT_TRUE(to.Ask(engine::CancelTask{TestId('b'), "test", "test"}).ok());
  EXPECT_TRUE(to.Ask(engine::RepairTask{TestId('a'), engine::RepairTask::Action::kRerun, "a",
                                        "test", "test"})
                  .ok());
}

TEST(Transfer, LeavesWhatIsThereAlready) {
  World world;
  world.Apply();
  world.Finish('a', world.templates[0]);
  const std::string exported = world.Export();
  v1::ImportRecordsResponse counts;
  ASSERT_TRUE(Import(world, exported, counts).ok());
  EXPECT_EQ(counts.tasks(), 0u);
  EXPECT_EQ(counts.tasks_skipped(), 1u);
  EXPECT_EQ(counts.events(), 0u);
  EXPECT_EQ(world.Export(), exported);
}

TEST(Transfer, ExportsWhatIsAskedFor) {
  World world;
  world.Apply();
  world.Finish('a', world.templates[0]);
  ASSERT_TRUE(world.Create('b', world.templates[0]).ok());
  v1::ExportRecordsRequest request;
  request.set_finished_only(true);
  request.set_without_events(true);
  request.set_without_history(true);
  const std::string exported = world.Export(request);
  EXPECT_EQ(std::count(exported.begin(), exported.end(), '\n'), 3);
  EXPECT_EQ(exported.find("history"), std::string::npos);
  request.set_namespace_("elsewhere");
  EXPECT_EQ(world.Export(request), "{\"tasker_export\":1}\n");
}

TEST(Transfer, NamesTheLineThatIsWrong) {
  World world;
  world.Apply();
  world.Finish('a', world.templates[0]);
  const std::string good = world.Export();
  const std::string task = good.substr(good.find("{\"task\""));
  const auto says = [&](const std::string& text, const std::string& what) {
    World to;
    v1::ImportRecordsResponse counts;
    const absl::Status refused = Import(to, text, counts);
    EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(refused.message()), HasSubstr(what));
    EXPECT_EQ(to.RowsIn(Table::kTasks), 0u);
  };
  const std::string header = "{\"tasker_export\":1}\n";
  says("{\"task\":{}}\n", "line 1: the first line must be");
  says("{\"tasker_export\":2}\n", "line 1: has format 2");
  says(header + "\nnonsense", "line 3: is not a JSON object");
  says(header + "{\"tusk\":{}}", "line 2: `tusk` is not template, task or event");
  says(header + "{\"task\":{\"task_id\":\"x\"}}", "task.task_id: must be a UUID");
  says(header + task, "there is no template ns.one@1.0.0");
  says(header +
           "{\"task\":{\"task_id\":\"00000000-0000-4000-8000-000000000000\",\"record\":"
           "{\"stat\":1}}}",
       "task.record.stat: is not known here");
}

TEST(Transfer, HoldsTheResultsOfStepsToTheLimits) {
  World world;
  world.Apply();
  const auto import = [&](const std::string& step) {
    Importer importer(kTestPartition, 1024, world.registry.get(), world.runner.get());
    return importer.Take(
        "{\"tasker_export\":1}\n{\"task\":{\"task_id\":\"00000000-0000-4000-8000-000000000000\","
        "\"record\":{\"namespace\":\"ns\",\"name\":\"one\",\"version\":\"1.0.0\"},\"context\":\"{}"
        "\","
        "\"steps\":[" +
        step + "]}}\n");
  };
  const absl::Status large =
      import(R"({"index":0,"record":{"results":"[)" + std::string(17 * 1024, ' ') + R"(]"}})");
  EXPECT_EQ(large.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(large.message()),
              HasSubstr("results: 17410 bytes are over the limit of 16384 bytes"));
  EXPECT_THAT(std::string(import(R"({"index":0,"record":{"results":"nonsense"}})").message()),
              HasSubstr("results: not valid JSON"));
  EXPECT_THAT(std::string(import(R"({"index":4294967296,"record":{}})").message()),
              HasSubstr("a number of 32 bits"));
  EXPECT_EQ(world.RowsIn(Table::kTasks), 0u);
}

TEST(RecordJson, KeepsEveryFieldAndRefusesWhatDoesNotFit) {
  storage::v1::StepRecord record;
  record.set_nonce(0xfedcba9876543210);
  record.set_results("{\"a\": [1, 2.50]}");
  record.set_sub_task(std::string("\0\x01\xff", 3));
  record.mutable_last_failure()->set_message("ü \"quoted\"");
  const nlohmann::ordered_json json = ToJson(record);
  EXPECT_EQ(json["results"], "{\"a\": [1, 2.50]}");
  EXPECT_EQ(json["sub_task"]["hex"], "0001ff");
  storage::v1::StepRecord back;
  ASSERT_TRUE(FromJson(json, "step", back).ok());
  EXPECT_EQ(back.SerializeAsString(), record.SerializeAsString());
  for (const auto& [wrong, what] :
       {std::pair(R"({"attempts": -1})", "step.attempts"),
        std::pair(R"({"attempts": 4294967296})", "step.attempts"),
        std::pair(R"({"state": "no"})", "step.state"), std::pair(R"({"results": 1})", "results"),
        std::pair(R"({"sub_task": {"hex": "zz"}})", "sub_task"),
        std::pair(R"({"last_failure": []})", "last_failure")}) {
    storage::v1::StepRecord refused;
    const absl::Status status = FromJson(nlohmann::ordered_json::parse(wrong), "step", refused);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << wrong;
    EXPECT_THAT(std::string(status.message()), HasSubstr(what));
  }
}

}  // namespace
}  // namespace tasker::service
