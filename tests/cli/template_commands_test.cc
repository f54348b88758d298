#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "tests/cli/command_run.h"
#include "tests/cli/task_builder.h"
#include "tests/cli/temporary_file.h"

namespace tasker::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

v1::Template OrderTemplate() {
  v1::Template shown;
  shown.set_namespace_("default");
  shown.set_name("order_process");
  shown.set_version("0.1.0");
  shown.set_task_handler_class("OrderProcess");
  shown.set_concurrent(true);
  shown.set_schema(R"({"type": "object"})");
  shown.set_total_steps(2);
  *shown.mutable_applied_at() = At(absl::ZeroDuration());
  auto* fetch = shown.add_steps();
  fetch->set_name("fetch");
  fetch->set_handler_class("Order::Fetch");
  fetch->set_retryable(true);
  fetch->set_retry_limit(3);
  auto* pay = shown.add_steps();
  pay->set_name("pay");
  pay->set_handler_class("Order::Pay");
  pay->add_depends_on("fetch");
  pay->set_handler_config(R"({"timeout": 30})");
  return shown;
}

class TemplateCommandsTest : public testing::Test {
 protected:
  // Every source but those with `bad` in them is a new template.
  void AnswerApply() {
    server_.answers().apply_template = [this](const v1::ApplyTemplateRequest& request,
                                              v1::ApplyTemplateResponse* response) {
      applied_.push_back(request);
      if (request.source().find("bad") != std::string::npos) {
        return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT,
                            request.source_name() + ":2:1: error: cycle a -> b -> a\n" +
                                request.source_name() + ":9:3: error: no name");
      }
      *response->mutable_template_() = OrderTemplate();
      response->set_created(request.source().find("again") == std::string::npos);
      response->add_warnings(request.source_name() + ":3:1: warning: unknown key 'nmae'");
      return grpc::Status::OK;
    };
  }

  FakeServer server_;
  std::vector<v1::ApplyTemplateRequest> applied_;
};

TEST_F(TemplateCommandsTest, ApplySendsTheFileAndPrintsTheResultAndWarnings) {
  AnswerApply();
  const TemporaryFile file("name: order_process\n");
  const auto result = RunCommand(server_, {"template", "apply", file.path()});
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_EQ(result.out, "applied default.order_process@0.1.0 (2 steps)\n");
  EXPECT_EQ(result.err, file.path() + ":3:1: warning: unknown key 'nmae'\n");
  ASSERT_EQ(applied_.size(), 1U);
  EXPECT_EQ(applied_[0].source(), "name: order_process\n");
  EXPECT_EQ(applied_[0].source_name(), file.path());
}

TEST_F(TemplateCommandsTest, ApplyReadsStandardInputAndTellsWhenNothingChanged) {
  AnswerApply();
  const auto result = RunCommand(server_, {"template", "apply", "-"}, {.input = "name: again\n"});
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_EQ(result.out, "unchanged default.order_process@0.1.0 (2 steps)\n");
  ASSERT_EQ(applied_.size(), 1U);
  EXPECT_EQ(applied_[0].source(), "name: again\n");
}

TEST_F(TemplateCommandsTest, ApplyPrintsEachMistakeAndGoesOnWithTheOtherFiles) {
  AnswerApply();
  const TemporaryFile bad("bad");
  const TemporaryFile good("good");
  const auto result = RunCommand(server_, {"template", "apply", bad.path(), good.path()});
  EXPECT_EQ(result.code, ExitCode::kRefused);
  EXPECT_THAT(result.err, HasSubstr("tasker: INVALID_ARGUMENT:\n  " + bad.path() +
                                    ":2:1: error: cycle a -> b -> a\n  " + bad.path() +
                                    ":9:3: error: no name\n"));
  EXPECT_EQ(result.out, "applied default.order_process@0.1.0 (2 steps)\n");
}

TEST_F(TemplateCommandsTest, ApplyPrintsOneJsonArrayForAnyNumberOfFiles) {
  AnswerApply();
  const TemporaryFile file("name: order_process\n");
  const auto result =
      RunCommand(server_, {"--output", "json", "template", "apply", file.path(), file.path()});
  EXPECT_EQ(result.code, ExitCode::kOk);
  const auto json = nlohmann::json::parse(result.out);
  ASSERT_EQ(json.size(), 2U);
  EXPECT_EQ(json[0]["created"], true);
  EXPECT_EQ(json[1]["template"]["steps"][1]["handlerConfig"]["timeout"], 30);
}

TEST_F(TemplateCommandsTest, ListShowsATable) {
  std::string asked;
  server_.answers().list_templates = [&](const v1::ListTemplatesRequest& request, auto* response) {
    asked = request.namespace_();
    *response->add_templates() = OrderTemplate();
    return grpc::Status::OK;
  };
  const auto result = RunCommand(server_, {"template", "list", "--namespace", "default"});
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_EQ(asked, "default");
  EXPECT_EQ(result.out,
            "NAMESPACE  NAME           VERSION  STEPS  APPLIED                   DESCRIPTION\n"
            "default    order_process  0.1.0    2      2025-03-01T09:30:00.000Z  -\n");
}

class TemplateShowTest : public testing::Test {
 protected:
  TemplateShowTest() {
    server_.answers().get_template = [this](const v1::GetTemplateRequest& request,
                                            v1::GetTemplateResponse* response) {
      request_ = request;
      *response->mutable_template_() = OrderTemplate();
      response->set_source("name: order_process # \x1b[2J\n");
      return grpc::Status::OK;
    };
  }

  FakeServer server_;
  v1::GetTemplateRequest request_;
};

TEST_F(TemplateShowTest, ShowsTheStepsAndTheSchema) {
  const auto result = RunCommand(server_, {"template", "show", "order_process", "--namespace",
                                           "default", "--version", "0.1.0"});
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_EQ(request_.name(), "order_process");
  EXPECT_EQ(request_.namespace_(), "default");
  EXPECT_EQ(request_.version(), "0.1.0");
  EXPECT_EQ(result.out,
            "template      default.order_process@0.1.0\n"
            "task handler  OrderProcess\n"
            "concurrent    yes\n"
            "applied       2025-03-01T09:30:00.000Z\n"
            "\n"
            "STEP   HANDLER CLASS  DEPENDS ON  ATTEMPTS  HANDLER CONFIG\n"
            "fetch  Order::Fetch   -           3         -\n"
            "pay    Order::Pay     fetch       1         {\"timeout\":30}\n"
            "\n"
            "schema {\"type\":\"object\"}\n");
}

TEST_F(TemplateShowTest, PrintsTheSourceByteForByteIntoPipes) {
  const auto result = RunCommand(server_, {"template", "show", "order_process", "--source"});
  EXPECT_EQ(result.out, "name: order_process # \x1b[2J\n");
}

TEST_F(TemplateShowTest, ProtectsATerminalFromTheSource) {
  const auto result =
      RunCommand(server_, {"template", "show", "order_process", "--source"}, {.terminal = true});
  EXPECT_EQ(result.out, "name: order_process # \\x1b[2J\n");
}

TEST_F(TemplateShowTest, PrintsJson) {
  const auto shown =
      nlohmann::json::parse(RunCommand(server_, {"template", "show", "x", "--output", "json"}).out);
  EXPECT_EQ(shown["schema"]["type"], "object");
  const auto with_source = nlohmann::json::parse(
      RunCommand(server_, {"template", "show", "x", "--source", "--output", "json"}).out);
  EXPECT_EQ(with_source["source"], "name: order_process # \x1b[2J\n");
}

TEST_F(TemplateCommandsTest, ShowTellsWhatTheServiceSays) {
  server_.answers().get_template = [](const auto&, auto*) {
    return grpc::Status(grpc::StatusCode::NOT_FOUND,
                        "no template default.ordr; the nearest is order_process");
  };
  const auto result = RunCommand(server_, {"template", "show", "ordr"});
  EXPECT_EQ(result.code, ExitCode::kRefused);
  EXPECT_EQ(result.err,
            "tasker: NOT_FOUND: no template default.ordr; the nearest is order_process\n");
  EXPECT_THAT(result.out, IsEmpty());
}

}  // namespace
}  // namespace tasker::cli
