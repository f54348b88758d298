#include <cstdlib>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "tests/cli/command_run.h"
#include "tests/cli/temporary_file.h"

namespace tasker::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

const char* const kOrder =
    "name: order\nnamespace_name: shop\nversion: 1.2.0\ntask_handler_class: Order\n"
    "description: Takes an order\nstep_templates:\n"
    "  - {name: fetch, handler_class: F, handler_config: {key: '${CLI_TEST_KEY}'}}\n"
    "  - {name: pay, handler_class: P, depends_on_step: fetch, retry: {base: 2s, factor: 3}}\n"
    "environments:\n  test: {step_templates: [{name: pay, default_retry_limit: 1}]}\n";

// Sets a variable of this process while it lives.
class Variable {
 public:
  explicit Variable(const char* value) { setenv("CLI_TEST_KEY", value, 1); }
  ~Variable() { unsetenv("CLI_TEST_KEY"); }
};

TEST(TemplateResolve, PrintsWhatTheLoaderMadeOfAFile) {
  const TemporaryFile file(kOrder);
  const Variable key("k3y");
  const auto result =
      RunCommand({"template", "resolve", file.path(), "--environment", "test", "--output", "json"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json["name"], "order");
  EXPECT_EQ(json["namespace_name"], "shop");
  EXPECT_EQ(json["module_namespace"], nullptr);
  EXPECT_EQ(json["concurrent"], true);
  ASSERT_EQ(json["steps"].size(), 2U);
  EXPECT_EQ(json["steps"][0]["handler_config"]["key"], "k3y");
  EXPECT_EQ(json["steps"][0]["dependent_system"], nullptr);
  EXPECT_EQ(json["steps"][1]["depends_on"], nlohmann::json::array({"fetch"}));
  EXPECT_EQ(json["steps"][1]["retry_limit"], 1);
  EXPECT_EQ(json["steps"][1]["retry"]["base"], "2s");
}

TEST(TemplateResolve, HidesWhatVariablesHoldIfAsked) {
  const TemporaryFile file(kOrder);
  const Variable key("k3y");
  const auto result = RunCommand({"template", "resolve", file.path(), "--mask"});
  EXPECT_THAT(result.out, HasSubstr("${CLI_TEST_KEY}"));
  EXPECT_THAT(result.out, Not(HasSubstr("k3y")));
}

TEST(TemplateResolve, ReadsStandardInputAndWarnsOnStandardError) {
  const auto result = RunCommand({"template", "resolve", "-"}, {.input = kOrder});
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_THAT(result.out, HasSubstr("pay    P              fetch"));
  EXPECT_EQ(result.err,
            "standard input:7:59: warning: step_templates[0].handler_config.key: the variable "
            "CLI_TEST_KEY is not set, so `${CLI_TEST_KEY}` stays as it is\n");
}

TEST(TemplateResolve, RefusesAWrongFileWithItsMistakes) {
  const TemporaryFile file("name: t\nstep_templates: []\n");
  const auto result = RunCommand({"template", "resolve", file.path(), "--output", "json"});
  EXPECT_EQ(result.code, ExitCode::kRefused);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err, file.path() + ":1:1: error: task_handler_class: is required\n");
}

TEST(TemplateResolve, IsStrictIfAsked) {
  const TemporaryFile file(std::string(kOrder) + "conccurrent: true\n");
  EXPECT_EQ(RunCommand({"template", "resolve", file.path()}).code, ExitCode::kOk);
  const auto strict = RunCommand({"template", "resolve", file.path(), "--strict"});
  EXPECT_EQ(strict.code, ExitCode::kRefused);
  EXPECT_THAT(strict.err,
              HasSubstr("error: conccurrent: is not a key that is known here, and has no "
                        "effect; did you mean `concurrent`?"));
  EXPECT_EQ(RunCommand({"template", "resolve", file.path(), "--strict-variables"}).code,
            ExitCode::kRefused);
}

TEST(TemplateLint, TellsOfEveryFileAndEnvironmentAtOnce) {
  const TemporaryFile good("name: t\ntask_handler_class: T\nstep_templates: []\n");
  const TemporaryFile bad(
      "name: t\ntask_handler_class: T\nstep_templates: []\nenvironments:\n  a: {concurrent: x}\n"
      "  b: {deadline: x}\n");
  const auto result = RunCommand({"template", "lint", good.path(), bad.path()});
  EXPECT_EQ(result.code, ExitCode::kRefused);
  EXPECT_THAT(result.out,
              HasSubstr(bad.path() + ":5:19: error: concurrent: must be true or false\n"));
  EXPECT_THAT(result.out, HasSubstr(bad.path() + ":6:17: error: deadline: must be a span of time"));
  EXPECT_THAT(result.out, HasSubstr("2 files, 2 errors, 0 warnings\n"));
  EXPECT_EQ(RunCommand({"template", "lint", good.path()}).code, ExitCode::kOk);
}

TEST(TemplateLint, PrintsOneJsonDocument) {
  const TemporaryFile file("name: t\ntask_handler_class: T\nstep_templates: []\nx: 1\n");
  for (const auto& asked : {std::vector<std::string>{"--json"}, {"--output", "json"}}) {
    std::vector<std::string> arguments = {"template", "lint", file.path()};
    arguments.insert(arguments.end(), asked.begin(), asked.end());
    const auto result = RunCommand(arguments);
    EXPECT_EQ(result.code, ExitCode::kOk);
    const auto json = nlohmann::json::parse(result.out);
    EXPECT_EQ(json["valid"], true);
    EXPECT_EQ(json["warnings"], 1);
    EXPECT_EQ(json["files"][0]["diagnostics"][0]["line"], 4);
    EXPECT_EQ(json["files"][0]["diagnostics"][0]["key_path"], "x");
    EXPECT_EQ(json["files"][0]["diagnostics"][0]["severity"], "warning");
  }
}

TEST(TemplateLint, SaysWhichFilesCannotBeRead) {
  const auto result = RunCommand({"template", "lint", "/nowhere/t.yaml"});
  EXPECT_EQ(result.code, ExitCode::kUsage);
  EXPECT_THAT(result.err, HasSubstr("/nowhere/t.yaml"));
}

TEST(TemplateDiff, ComparesTwoFiles) {
  const TemporaryFile before(kOrder);
  const TemporaryFile after(std::string(kOrder) + "concurrent: false\n");
  const auto result = RunCommand({"template", "diff", after.path(), "--from", before.path()});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_EQ(result.out, "+ concurrent: false\n");
  EXPECT_EQ(RunCommand({"template", "diff", after.path(), "--from", after.path()}).out,
            "no difference\n");
}

TEST(TemplateDiff, ComparesAFileWithTheVersionThatTheServiceHas) {
  FakeServer server;
  std::vector<std::string> asked;
  server.answers().get_template = [&](const v1::GetTemplateRequest& request,
                                      v1::GetTemplateResponse* response) {
    asked.push_back(request.namespace_() + "." + request.name() + "@" + request.version());
    if (!request.version().empty())
      return grpc::Status(grpc::StatusCode::NOT_FOUND, "no such version");
    response->set_source(kOrder);
    return grpc::Status::OK;
  };
  const TemporaryFile after(std::string(kOrder) + "concurrent: false\n");
  const auto result = RunCommand(server, {"template", "diff", after.path(), "--output", "json"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_EQ(asked, (std::vector<std::string>{"shop.order@1.2.0", "shop.order@"}));
  EXPECT_EQ(nlohmann::json::parse(result.out),
            nlohmann::json::parse(R"([{"path": "concurrent", "after": false}])"));
}

}  // namespace
}  // namespace tasker::cli
