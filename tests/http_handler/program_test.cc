// The program itself, with a real service and a stand-in of an API.
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tasker/testkit/taskerd_server.h"
#include "tests/cpp_client/http_stand_in.h"
#include "tests/cpp_client/started_program.h"

namespace tasker::http_handler {
namespace {

using client::Json;
using http::Answer;
using http::Asked;
using http::HttpStandIn;
using ::testing::HasSubstr;

constexpr std::chrono::seconds kPatient{60};

// tasker-http-handler, as long as this object.
class Program : public StartedProgram {
 public:
  explicit Program(std::vector<std::string> arguments)
      : StartedProgram(WithProgram(std::move(arguments))) {}

 private:
  static std::vector<std::string> WithProgram(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), TASKER_HTTP_HANDLER);
    return arguments;
  }
};

// A task of one step with these settings, at its end.
v1::Task RunStep(testkit::TaskerdServer& taskerd, const Json& handler_config) {
  const Json yaml = {{"name", "one_call"},
                     {"task_handler_class", "OneCall"},
                     {"version", handler_config.at("version")},
                     {"step_templates",
                      {{{"name", "call"},
                        {"handler_class", "Tasker::StepHandler::Api"},
                        {"handler_config", handler_config.at("config")}}}}};
  const auto applied = taskerd.client().ApplyTemplate(yaml.dump(), "one_call.yaml");
  if (!applied.ok()) throw std::runtime_error(applied.status().ToString());
  const auto created =
      taskerd.client().CreateTask({.name = "one_call", .context = {{"id", "a b"}}});
  if (!created.ok()) throw std::runtime_error(created.status().ToString());
  auto ended = taskerd.client().WaitForTask(created->task_id(), kPatient);
  if (!ended.ok()) throw std::runtime_error(ended.status().ToString());
  return *std::move(ended);
}

TEST(HttpHandlerProgram, Steps_AreDoneWithoutAnyCode) {
  HttpStandIn api([](const Asked& asked) {
    return Answer{.status = 200, .body = Json{{"target", asked.target}}.dump()};
  });
  testkit::TaskerdServer taskerd;
  Program program({"--server", taskerd.address(), "--allow-address", "127.0.0.1/32"});
  const v1::Task task = RunStep(taskerd, {{"version", "1.0.0"},
                                          {"config",
                                           {{"type", "api"},
                                            {"url", api.url() + "/things/{{context.id}}"},
                                            {"results", {{"seen", "body.target"}}}}}});
  EXPECT_EQ(task.state(), v1::TASK_STATE_COMPLETE);
  EXPECT_EQ(task.steps(0).results(), R"({"seen":"/things/a%20b"})");

  const v1::Task denied = RunStep(
      taskerd, {{"version", "1.0.1"}, {"config", {{"url", "http://169.254.169.254/latest"}}}});
  EXPECT_EQ(denied.state(), v1::TASK_STATE_ERROR);
  EXPECT_THAT(denied.steps(0).last_failure().message(), HasSubstr("denied"));

  program.Terminate();
  EXPECT_EQ(program.AwaitEnd(), 0);
}

TEST(HttpHandlerProgram, Flags_ThatAreWrongEndIt) {
  EXPECT_NE(Program({"--allow-address", "everything"}).AwaitEnd(), 0);
  EXPECT_EQ(Program({"--help"}).AwaitEnd(), 0);
}

}  // namespace
}  // namespace tasker::http_handler
