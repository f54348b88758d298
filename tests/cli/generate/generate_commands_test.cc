#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "config/template_loader.h"
#include "tests/cli/command_run.h"
#include "tests/cli/generate/project_folder.h"

namespace tasker::cli {
namespace {

using generate::ProjectFolder;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr char kTemplate[] = "config/tasker/tasks/order_process.yaml";

CommandResult Generate(const ProjectFolder& folder, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "generate");
  arguments.insert(arguments.end(), {"--directory", folder.path()});
  return RunCommand(arguments);
}

CommandResult GenerateRuby(const ProjectFolder& folder, std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--language", "ruby"});
  return Generate(folder, std::move(arguments));
}

std::vector<std::string> LintOf(const std::string& yaml) {
  std::vector<std::string> told;
  for (const auto& found : config::LintTemplate(yaml, {})) told.push_back(found.ToString());
  return told;
}

TEST(Generate, TaskHandler_HasTheFilesOfTheRailsEngine) {
  const ProjectFolder folder;
  const auto result = GenerateRuby(folder, {"task-handler", "OrderProcess"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_EQ(result.out,
            "create     app/tasks/order_process.rb\n"
            "create     spec/tasks/order_process_spec.rb\n"
            "create     Gemfile\n"
            "create     .rspec\n"
            "create     spec/spec_helper.rb\n"
            "create     config/tasker/tasks/order_process.yaml\n"
            "\nIts template has no steps yet. Add one: tasker generate step-handler "
            "OrderProcess::ProcessData\n");
  EXPECT_THAT(folder.Read("app/tasks/order_process.rb"),
              HasSubstr("class OrderProcess < Tasker::TaskHandler::Base\n"));
  EXPECT_THAT(LintOf(folder.Read(kTemplate)), IsEmpty());
}

TEST(Generate, TaskHandler_MakesAChainOfItsSteps) {
  const ProjectFolder folder;
  const auto result = GenerateRuby(
      folder, {"task-handler", "Shop::OrderProcess", "--steps", "fetch_order,ChargeCard"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  const std::string yaml = folder.Read("config/tasker/tasks/shop/order_process.yaml");
  EXPECT_THAT(LintOf(yaml), IsEmpty());
  EXPECT_THAT(yaml, HasSubstr("namespace_name: shop\n"));
  EXPECT_THAT(yaml, HasSubstr("step_templates:\n  - name: fetch_order\n"));
  EXPECT_THAT(yaml,
              HasSubstr("\n\n  - name: charge_card\n"
                        "    handler_class: Shop::OrderProcess::StepHandler::ChargeCardHandler\n"
                        "    depends_on_step: fetch_order\n"));
  EXPECT_THAT(folder.Read("app/tasks/shop/order_process/step_handler/charge_card_handler.rb"),
              HasSubstr("module Shop\n"
                        "  class OrderProcess < Tasker::TaskHandler::Base\n"
                        "    module StepHandler\n"
                        "      class ChargeCardHandler < Tasker::StepHandler::Base\n"));
}

TEST(Generate, StepHandler_BringsATemplateIfThereIsNone) {
  const ProjectFolder folder;
  const auto result = GenerateRuby(folder, {"step-handler", "OrderProcess::ProcessData"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_THAT(result.out, HasSubstr("create     config/tasker/tasks/order_process.yaml\n"));
  EXPECT_THAT(LintOf(folder.Read(kTemplate)), IsEmpty());
  // As in the guide: without the task's class its name is a module.
  EXPECT_THAT(folder.Read("app/tasks/order_process/step_handler/process_data_handler.rb"),
              HasSubstr("module OrderProcess\n"
                        "  module StepHandler\n"
                        "    class ProcessDataHandler < Tasker::StepHandler::Base\n"));
}

TEST(Generate, StepHandler_LeavesATemplateAloneAndTellsWhatToAdd) {
  const ProjectFolder folder;
  ASSERT_EQ(GenerateRuby(folder, {"task-handler", "OrderProcess", "--steps", "fetch_order"}).code,
            ExitCode::kOk);
  const std::string before = folder.Read(kTemplate);
  const auto result = Generate(
      folder, {"api-step-handler", "OrderProcess::CheckStock", "--depends-on", "fetch_order"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_EQ(folder.Read(kTemplate), before);
  EXPECT_THAT(result.out, Not(HasSubstr("create     config")));
  const std::string lines =
      "  - name: check_stock\n"
      "    handler_class: OrderProcess::StepHandler::CheckStockHandler\n"
      "    depends_on_step: fetch_order\n"
      "    handler_config:\n"
      "      type: api\n"
      "      url: https://api.example.com/check_stock\n"
      "      method: GET\n"
      "      timeout: 15\n";
  EXPECT_THAT(result.out, HasSubstr("add this under `step_templates` in " + folder.path() + "/" +
                                    kTemplate + ":\n" + lines));
  EXPECT_THAT(LintOf(before + "\n" + lines), IsEmpty());
  // The class is there now, so that the step's module is a class opened again.
  EXPECT_THAT(folder.Read("app/tasks/order_process/step_handler/check_stock_handler.rb"),
              HasSubstr("class OrderProcess < Tasker::TaskHandler::Base\n"));

  folder.Write(kTemplate, before + "\n" + lines);
  const auto again = Generate(
      folder, {"api-step-handler", "OrderProcess::CheckStock", "--depends-on", "fetch_order"});
  EXPECT_THAT(again.out, HasSubstr("has the step `check_stock` already."));
  EXPECT_THAT(again.out, HasSubstr("unchanged  app/tasks/order_process/step_handler/"));
}

TEST(Generate, StepHandler_TellsHowToFillAnEmptyTemplate) {
  const ProjectFolder folder;
  ASSERT_EQ(GenerateRuby(folder, {"task-handler", "OrderProcess"}).code, ExitCode::kOk);
  const auto result = Generate(folder, {"step-handler", "OrderProcess::ProcessData"});
  EXPECT_THAT(result.out, HasSubstr("put this in the place of `step_templates: []` in "));
  EXPECT_THAT(result.out, HasSubstr(":\nstep_templates:\n  - name: process_data\n"));
}

TEST(Generate, StepHandler_ChecksItsDependencies) {
  const ProjectFolder folder;
  auto result = GenerateRuby(folder, {"step-handler", "OrderProcess::A", "--depends-on", "b"});
  EXPECT_EQ(result.code, ExitCode::kUsage);
  EXPECT_THAT(result.err, HasSubstr("there is no template config/tasker/tasks/order_process.yaml"));
  EXPECT_THAT(folder.Entries(), IsEmpty());
  ASSERT_EQ(GenerateRuby(folder, {"task-handler", "OrderProcess", "--steps", "fetch_order"}).code,
            ExitCode::kOk);
  result = Generate(folder, {"step-handler", "OrderProcess::A", "--depends-on", "fetch_ordr"});
  EXPECT_EQ(result.code, ExitCode::kUsage);
  EXPECT_THAT(result.err,
              HasSubstr("has no step `fetch_ordr` to depend on; did you mean `fetch_order`?"));
  result = Generate(folder, {"step-handler", "OrderProcess::A", "--depends-on", "a"});
  EXPECT_THAT(result.err, HasSubstr("step `a` cannot depend on itself"));
}

TEST(Generate, StepHandler_LooksAtTheTemplateThatIsNamed) {
  const ProjectFolder folder;
  folder.Write("mine.yaml",
               "name: o\ntask_handler_class: O\nnamespace_name: shop\nstep_templates:\n"
               "  - {name: a, handler_class: X}\n");
  const std::string file = folder.path() + "/mine.yaml";
  auto result = GenerateRuby(folder, {"step-handler", "O::A", "--template", file});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_THAT(result.out, HasSubstr("has a step `a` already, of another class"));
  EXPECT_THAT(result.out, Not(HasSubstr("create     config")));
  result = Generate(folder, {"step-handler", "O::B", "--template", file, "--namespace", "other"});
  EXPECT_THAT(result.err, HasSubstr("is of the namespace `shop`, not `other`"));
  result = Generate(folder, {"step-handler", "O::B", "--template", file + "x"});
  EXPECT_EQ(result.code, ExitCode::kUsage);
  EXPECT_THAT(result.err, HasSubstr("mine.yamlx is no file"));
  folder.Write("mine.yaml", "name: [\n");
  result = Generate(folder, {"step-handler", "O::B", "--template", file});
  EXPECT_THAT(result.err, HasSubstr("mend this first: " + file));
}

TEST(Generate, TaskHandler_TellsOfStepsThatItsClassBreaks) {
  const ProjectFolder folder;
  ASSERT_EQ(GenerateRuby(folder, {"step-handler", "OrderProcess::A"}).code, ExitCode::kOk);
  const auto refused = Generate(folder, {"task-handler", "OrderProcess"});
  EXPECT_EQ(refused.code, ExitCode::kRefused);
  EXPECT_THAT(refused.err, HasSubstr(std::string(kTemplate) + " is there already"));
  const auto result = Generate(folder, {"task-handler", "OrderProcess", "--steps", "a", "--force"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  ASSERT_EQ(GenerateRuby(folder, {"step-handler", "Other::A"}).code, ExitCode::kOk);
  const auto other = Generate(folder, {"task-handler", "Other", "--force"});
  EXPECT_THAT(other.out,
              HasSubstr("app/tasks/other/step_handler/a_handler.rb opens `module Other`, "
                        "but it is a class now"));
}

TEST(Generate, Subscriber_HasAMethodForEachName) {
  const ProjectFolder folder;
  const auto result = GenerateRuby(folder, {"subscriber", "notification", "--events",
                                            "task.completed", "step.failed", "tsk.completed"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  const std::string code = folder.Read("app/subscribers/notification_subscriber.rb");
  EXPECT_THAT(code, HasSubstr("class NotificationSubscriber < "
                              "Tasker::Events::Subscribers::BaseSubscriber\n"));
  EXPECT_THAT(code, HasSubstr("subscribe_to 'task.completed', 'step.failed', 'tsk.completed'\n"));
  EXPECT_THAT(code, HasSubstr("def handle_task_completed(event)\n"));
  EXPECT_THAT(code, HasSubstr("def handle_step_failed(event)\n"));
  EXPECT_THAT(result.out, HasSubstr("did you mean `task.completed`?"));
}

TEST(Generate, NothingIsReplacedWithoutForce) {
  const ProjectFolder folder;
  folder.Write("app/subscribers/n_subscriber.rb", "mine\n");
  const auto refused = GenerateRuby(folder, {"subscriber", "n", "--events", "task.completed"});
  EXPECT_EQ(refused.code, ExitCode::kRefused);
  EXPECT_THAT(refused.err, HasSubstr("app/subscribers/n_subscriber.rb is there already; nothing "
                                     "was written. --force replaces it"));
  EXPECT_EQ(folder.Entries().size(), 3U);
  const auto forced =
      GenerateRuby(folder, {"subscriber", "n", "--events", "task.completed", "--force"});
  EXPECT_EQ(forced.code, ExitCode::kOk) << forced.err;
  EXPECT_THAT(forced.out, HasSubstr("replace    app/subscribers/n_subscriber.rb\n"));
}

TEST(Generate, ADryRunOnlyTells) {
  const ProjectFolder folder;
  const auto result = GenerateRuby(folder, {"task-handler", "OrderProcess", "--dry-run"});
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_THAT(result.out, HasSubstr("create     app/tasks/order_process.rb\n"));
  EXPECT_THAT(result.out, HasSubstr("nothing was written"));
  EXPECT_THAT(folder.Entries(), IsEmpty());
}

TEST(Generate, TellsScriptsInJson) {
  const ProjectFolder folder;
  const auto result =
      GenerateRuby(folder, {"task-handler", "HTTPFetch", "--dry-run", "--output", "json"});
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json["written"], false);
  EXPECT_EQ(json["files"][0]["path"], "app/tasks/http_fetch.rb");
  EXPECT_EQ(json["files"][0]["action"], "create");
  EXPECT_THAT(json["notes"][0].get<std::string>(), HasSubstr("the acronym in `HTTPFetch`"));
}

TEST(Generate, TheProjectTellsItsLanguage) {
  const ProjectFolder folder;
  auto result = Generate(folder, {"task-handler", "OrderProcess"});
  EXPECT_EQ(result.code, ExitCode::kUsage);
  EXPECT_THAT(result.err, HasSubstr("which language?"));
  EXPECT_THAT(result.err, HasSubstr("say --language ruby|python|typescript|go|cpp"));
  folder.Write("pyproject.toml", "[project]\n");
  result = Generate(folder, {"task-handler", "OrderProcess", "--dry-run"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_THAT(result.out, HasSubstr("create     tasks/order_process/task_handler.py\n"));
  EXPECT_THAT(result.out, HasSubstr("keep       pyproject.toml\n"));
  EXPECT_THAT(result.out, HasSubstr("pyproject.toml needs `tasker` among its dependencies"));
  folder.Write("go.mod", "module x\n");
  result = Generate(folder, {"task-handler", "OrderProcess"});
  EXPECT_EQ(result.code, ExitCode::kUsage);
  EXPECT_THAT(result.err, HasSubstr("has pyproject.toml, go.mod"));
}

struct Mistake {
  std::vector<std::string> arguments;
  std::string complaint;
};

TEST(Generate, MistakesAreNamedAndWriteNothing) {
  const ProjectFolder folder;
  const std::vector<Mistake> mistakes = {
      {{"task-handler", "../etc"}, "it is a name, not a path"},
      {{"task-handler", "Order/Process"}, "it is a name, not a path"},
      {{"task-handler", "Object"}, "`Object` is kept by Ruby"},
      {{"task-handler", "OrderProcess", "--steps", "a,A"}, "step `a` is given twice"},
      {{"task-handler", "OrderProcess", "--steps", "a,../b"}, "it is a name, not a path"},
      {{"task-handler", "OrderProcess", "--namespace", std::string(300, 'n')}, "namespace_name"},
      {{"step-handler", "ProcessData"}, "named with its task"},
      {{"subscriber", "n"}, "--events is missing"},
      {{"subscriber", "n", "--events", "task.complete"}, "did you mean `task.completed`?"},
  };
  for (const Mistake& mistake : mistakes) {
    const auto result = GenerateRuby(folder, mistake.arguments);
    EXPECT_EQ(result.code, ExitCode::kUsage) << mistake.complaint;
    EXPECT_THAT(result.err, HasSubstr(mistake.complaint));
    EXPECT_THAT(result.out, IsEmpty());
    EXPECT_THAT(folder.Entries(), IsEmpty());
  }
  const auto language = Generate(folder, {"task-handler", "A", "--language", "cobol"});
  EXPECT_EQ(language.code, ExitCode::kUsage);
  EXPECT_THAT(language.err, HasSubstr("`cobol` is no language that is generated"));
  const auto nowhere = RunCommand(
      {"generate", "task-handler", "A", "--language", "ruby", "--directory", "/no/such/folder"});
  EXPECT_EQ(nowhere.code, ExitCode::kUsage);
  EXPECT_THAT(nowhere.err, HasSubstr("--directory: /no/such/folder is no folder"));
}

// The same template for all, so that handlers of a task may be in several languages.
TEST(Generate, TemplatesAreTheSameInEveryLanguage) {
  std::string first;
  for (const char* language : {"ruby", "python", "typescript", "go", "cpp"}) {
    const ProjectFolder folder;
    const auto result = Generate(
        folder, {"task-handler", "OrderProcess", "--steps", "a,b", "--language", language});
    ASSERT_EQ(result.code, ExitCode::kOk) << language << result.err;
    const std::string yaml = folder.Read(kTemplate);
    EXPECT_THAT(LintOf(yaml), IsEmpty());
    if (first.empty()) first = yaml;
    EXPECT_EQ(yaml, first) << language;
  }
}

}  // namespace
}  // namespace tasker::cli
