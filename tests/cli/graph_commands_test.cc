// `template graph`, `template analyze` and `task graph`.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "tests/cli/command_run.h"
#include "tests/cli/task_builder.h"

namespace tasker::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr char kYaml[] = R"(name: order
task_handler_class: Order
step_templates:
  - {name: fetch, handler_class: Fetch}
  - {name: pay, handler_class: Pay, depends_on_step: fetch, default_retryable: false}
  - {name: mail, handler_class: Mail, depends_on_steps: [pay, fetch]}
environments:
  test:
    step_templates:
      - {name: pay, when: context.amount > 0}
)";

// No service listens there; what works without one must not mind.
const std::vector<std::string> kNoService = {"--server", "127.0.0.1:1"};

CommandResult RunAlone(std::vector<std::string> arguments, const std::string& input = kYaml) {
  arguments.insert(arguments.begin(), kNoService.begin(), kNoService.end());
  return RunCommand(arguments, {.input = input});
}

class Folder {
 public:
  Folder() : path_(testing::TempDir() + "tasker_graph_XXXXXX") {
    if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no temporary folder");
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

std::string ContentOf(const std::string& path) {
  std::ostringstream content;
  content << std::ifstream(path).rdbuf();
  return content.str();
}

TEST(TemplateGraph, DrawsAFileInEveryFormatWithoutAService) {
  const auto svg = RunAlone({"template", "graph", "-", "--format", "svg"});
  EXPECT_EQ(svg.code, ExitCode::kOk) << svg.err;
  EXPECT_THAT(svg.out, StartsWith("<svg "));
  EXPECT_THAT(RunAlone({"template", "graph", "-", "--format", "dot"}).out,
              StartsWith("digraph \"default.order@0.1.0\" {"));
  EXPECT_THAT(RunAlone({"template", "graph", "-", "--format", "mermaid"}).out,
              StartsWith("flowchart TD\n"));
  EXPECT_THAT(RunAlone({"template", "graph", "-", "--format", "ascii"}).out,
              HasSubstr("#=======#"));
  EXPECT_THAT(RunAlone({"template", "graph", "-"}).out, HasSubstr("┏━━━━━━━┓"));
}

TEST(TemplateGraph, WritesToAFileWhoseEndingTellsTheFormat) {
  const Folder folder;
  std::ofstream(folder / "order.yaml") << kYaml;
  for (const auto& [file, begin] : {std::pair("a.svg", "<svg "),
                                    {"a.gv", "digraph"},
                                    {"a.mmd", "flowchart"},
                                    {"a.txt", "default.order@0.1.0\n"}}) {
    const auto result = RunAlone({"template", "graph", folder / "order.yaml", "-o", folder / file});
    EXPECT_EQ(result.code, ExitCode::kOk);
    EXPECT_THAT(result.out, IsEmpty());
    EXPECT_THAT(ContentOf(folder / file), StartsWith(begin));
  }
  const auto result =
      RunAlone({"template", "graph", folder / "order.yaml", "-o", folder / "no/where.svg"});
  EXPECT_EQ(result.code, ExitCode::kUsage);
  EXPECT_THAT(result.err, HasSubstr("where.svg: No such file or directory"));
}

TEST(TemplateGraph, MergesTheEnvironmentAskedFor) {
  EXPECT_THAT(RunAlone({"template", "graph", "-", "--environment", "test"}).out,
              HasSubstr("when context.amount > 0"));
  EXPECT_THAT(RunAlone({"template", "graph", "-"}).out, testing::Not(HasSubstr("when")));
}

TEST(TemplateGraph, TellsWhatIsWrongWithAFile) {
  const auto result = RunAlone({"template", "graph", "-"}, "name: x\nstep_templates: 3\n");
  EXPECT_EQ(result.code, ExitCode::kRefused);
  EXPECT_THAT(result.err, HasSubstr("standard input:2:"));
  EXPECT_THAT(result.err, HasSubstr("must be a list of steps\n"));
  EXPECT_THAT(result.out, IsEmpty());
  const auto missing = RunAlone({"template", "graph", "no/such.yaml"});
  EXPECT_EQ(missing.code, ExitCode::kUsage);
  EXPECT_THAT(missing.err, HasSubstr("cannot read no/such.yaml"));
}

TEST(TemplateGraph, RefusesFormatsAndPathsThatItDoesNotKnow) {
  EXPECT_EQ(RunAlone({"template", "graph", "-", "--format", "png"}).code, ExitCode::kUsage);
  EXPECT_EQ(RunAlone({"template", "graph", "-", "--critical", "money"}).code, ExitCode::kUsage);
  EXPECT_EQ(RunAlone({"template", "graph", "-", "--width", "5"}).code, ExitCode::kUsage);
}

TEST(TemplateAnalyze, TellsPeopleAndScriptsOfAFile) {
  const auto table = RunAlone({"template", "analyze", "-"});
  EXPECT_EQ(table.code, ExitCode::kOk) << table.err;
  EXPECT_THAT(table.out, StartsWith("template       default.order@0.1.0\n"
                                    "size           3 steps, 3 dependencies, 3 levels\n"
                                    "roots          fetch\n"
                                    "leaves         mail\n"
                                    "critical path  3 steps: fetch -> pay -> mail\n"));
  EXPECT_THAT(table.out, HasSubstr("2      pay    yes       1         -            1       -     "
                                   "fetch\n"));
  EXPECT_THAT(table.out, HasSubstr("\nadvice\n  no_retry_on_critical_path: `pay` is on the "
                                   "critical path and tried once only"));
  EXPECT_THAT(table.out, HasSubstr("  implied_dependency: `mail` depends on `fetch` already "
                                   "through `pay`"));
  const auto json =
      nlohmann::json::parse(RunAlone({"template", "analyze", "-", "--output", "json"}).out);
  EXPECT_EQ(json["criticalPath"], nlohmann::json({"fetch", "pay", "mail"}));
  EXPECT_EQ(json["steps"][0]["blocks"], 2);
  EXPECT_EQ(json["advice"][0]["kind"], "ADVICE_KIND_NO_RETRY_ON_CRITICAL_PATH");
}

class ServedGraphTest : public testing::Test {
 protected:
  ServedGraphTest() {
    server_.answers().analyze_template = [this](const v1::AnalyzeTemplateRequest& request,
                                                v1::AnalyzeTemplateResponse* response) {
      request_ = request;
      if (request.name() != "order_process") {
        return grpc::Status(grpc::StatusCode::NOT_FOUND, "no template " + request.name());
      }
      response->mutable_analysis()->set_name(request.name());
      response->mutable_analysis()->add_steps()->set_name("fetch");
      v1::AnalyzedStep& pause = *response->mutable_analysis()->add_steps();
      pause.set_name("pause");
      pause.add_depends_on("fetch");
      pause.set_kind(v1::STEP_KIND_WAIT);
      pause.set_waits_for("24h");
      return grpc::Status::OK;
    };
  }

  FakeServer server_;
  v1::AnalyzeTemplateRequest request_;
};

TEST_F(ServedGraphTest, DrawsATemplateThatTheServiceHas) {
  const auto result = RunCommand(
      server_, {"template", "graph", "order_process", "--namespace", "shop", "--version", "2.0.0"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_EQ(request_.namespace_(), "shop");
  EXPECT_EQ(request_.version(), "2.0.0");
  EXPECT_THAT(result.out, HasSubstr("waits 24h"));
  EXPECT_THAT(RunCommand(server_, {"template", "analyze", "order_process"}).out,
              HasSubstr("order_process"));
}

TEST_F(ServedGraphTest, TellsThatAnEnvironmentIsForFiles) {
  const auto result =
      RunCommand(server_, {"template", "graph", "order_process", "--environment", "test"});
  EXPECT_EQ(result.code, ExitCode::kUsage);
  EXPECT_THAT(result.err, HasSubstr("--environment is for files"));
}

TEST_F(ServedGraphTest, TellsOfATemplateThatIsNotThere) {
  const auto result = RunCommand(server_, {"template", "graph", "ordr"});
  EXPECT_EQ(result.code, ExitCode::kRefused);
  EXPECT_EQ(result.err, "tasker: NOT_FOUND: no template ordr\n");
}

TEST_F(ServedGraphTest, DrawsATaskWithItsStatesAndKinds) {
  server_.log().SetTask(MakeTask(v1::TASK_STATE_IN_PROGRESS,
                                 {StepBuilder("fetch", v1::STEP_STATE_COMPLETE),
                                  StepBuilder("pause", v1::STEP_STATE_IN_PROGRESS, {"fetch"})}));
  const auto result = RunCommand(server_, {"task", "graph", kTaskId, "--format", "ascii"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_EQ(request_.name(), "order_process");
  EXPECT_EQ(request_.version(), "0.1.0");
  EXPECT_THAT(result.out, HasSubstr(std::string("task ") + kTaskId + ": in_progress\n"));
  EXPECT_THAT(result.out, HasSubstr("[complete]"));
  EXPECT_THAT(result.out, HasSubstr("waits 24h"));
  EXPECT_THAT(result.out, HasSubstr("[in_progress]"));
}

TEST_F(ServedGraphTest, DrawsATaskWhoseTemplateIsGone) {
  v1::Task task = MakeTask(v1::TASK_STATE_COMPLETE, {StepBuilder("a", v1::STEP_STATE_COMPLETE)});
  task.set_name("gone");
  server_.log().SetTask(task);
  const auto result = RunCommand(server_, {"task", "graph", kTaskId, "--format", "dot"});
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_THAT(result.out, HasSubstr("n0 [label=\"a\\ncomplete\""));
  EXPECT_THAT(result.err, HasSubstr("drawn without the kinds of steps"));
}

}  // namespace
}  // namespace tasker::cli
