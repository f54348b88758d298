#include "clients/cli/generate_commands.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include <nlohmann/json.hpp>

#include "clients/cli/json_output.h"
#include "clients/cli/table.h"
#include "clients/cli/terminal_text.h"

namespace tasker::cli {
namespace {

constexpr char kAbout[] =
    "Write handlers, templates and their tests into a project (see docs/generators.md)";

absl::StatusOr<std::vector<generate::StepName>> ReadSteps(const generate::TaskName& task,
                                                          const std::vector<std::string>& texts,
                                                          generate::Language language) {
  std::vector<generate::StepName> steps;
  for (const std::string& text : texts) {
    auto step = generate::ReadStepOf(task, text, language);
    if (!step.ok()) return step.status();
    const auto same = [&](const generate::StepName& one) { return one.Snake() == step->Snake(); };
    if (std::any_of(steps.begin(), steps.end(), same)) {
      return absl::InvalidArgumentError(absl::StrCat("step `", step->Snake(), "` is given twice"));
    }
    steps.push_back(*std::move(step));
  }
  return steps;
}

absl::StatusOr<std::vector<std::string>> ReadDependencies(const std::string& own,
                                                          const std::vector<std::string>& texts) {
  std::vector<std::string> names;
  for (const std::string& text : texts) {
    auto name = generate::ReadDependency(text);
    if (!name.ok()) return name.status();
    if (*name == own) {
      return absl::InvalidArgumentError(absl::StrCat("step `", own, "` cannot depend on itself"));
    }
    if (std::find(names.begin(), names.end(), *name) == names.end()) names.push_back(*name);
  }
  return names;
}

}  // namespace

GenerateCommands::GenerateCommands(CLI::App& app, Session& session) : session_(session) {
  CLI::App* group = app.add_subcommand("generate", kAbout);
  group->require_subcommand(0, 1);
  AddTask(*group);
  AddStep(*group, "step-handler", "A handler of a step: OrderProcess::ProcessData", false);
  AddStep(*group, "api-step-handler", "A handler of a step that calls an HTTP API", true);
  AddSubscriber(*group);
}

void GenerateCommands::AddCommon(CLI::App& command) {
  command
      .add_option("--language", language_,
                  "Of the code (default: told by the project's Gemfile, pyproject.toml, "
                  "package.json, go.mod or CMakeLists.txt)")
      ->type_name("ruby|python|typescript|go|cpp");
  command.add_option("--directory", directory_, "The project's folder")
      ->type_name("FOLDER")
      ->capture_default_str();
  command.add_flag("--force", force_, "Replace files that are there");
  command.add_flag("--dry-run", dry_run_, "Only tell what would be written");
}

void GenerateCommands::AddTask(CLI::App& group) {
  CLI::App* command = group.add_subcommand(
      "task-handler", "A task's handler and its template, with handlers of its steps");
  command->add_option("NAME", name_, "The task's class: OrderProcess, or Shop::OrderProcess")
      ->required();
  command->add_option("--steps", steps_, "Steps, one after the other: fetch_order,charge_card")
      ->delimiter(',');
  command->add_option("--namespace", namespace_, "The template's namespace_name");
  AddCommon(*command);
  command->callback([this] {
    session_.action = [this](Connection&) {
      return Generate([this](const generate::Setting& setting) { return PlanTask(setting); });
    };
  });
}

void GenerateCommands::AddStep(CLI::App& group, const std::string& name, const std::string& about,
                               bool api) {
  CLI::App* command = group.add_subcommand(name, about);
  command->add_option("NAME", name_, "Task and step: OrderProcess::ProcessData")->required();
  command->add_option("--depends-on", depends_on_, "Steps of the template that come before")
      ->delimiter(',');
  command
      ->add_option(
          "--template", template_file_,
          "The template that the step is for (default: the task's own). It is not changed: "
          "you are told what to add")
      ->type_name("FILE");
  command->add_option("--namespace", namespace_, "The namespace_name of a new template");
  AddCommon(*command);
  command->callback([this, api] {
    session_.action = [this, api](Connection&) {
      return Generate(
          [this, api](const generate::Setting& setting) { return PlanStep(setting, api); });
    };
  });
}

void GenerateCommands::AddSubscriber(CLI::App& group) {
  CLI::App* command = group.add_subcommand("subscriber", "A subscriber to events");
  command->add_option("NAME", name_, "What it is called: notification")->required();
  command->add_option("--events", events_, "Names or patterns: task.completed step.failed")
      ->delimiter(',');
  AddCommon(*command);
  command->callback([this] {
    session_.action = [this](Connection&) {
      return Generate([this](const generate::Setting& setting) { return PlanSubscriber(setting); });
    };
  });
}

absl::StatusOr<generate::Plan> GenerateCommands::PlanTask(const generate::Setting& setting) const {
  auto name = generate::ReadTaskName(name_, setting.language);
  if (!name.ok()) return name.status();
  auto steps = ReadSteps(*name, steps_, setting.language);
  if (!steps.ok()) return steps.status();
  return generate::PlanTask({.name = *name, .steps = *steps}, setting);
}

absl::StatusOr<generate::Plan> GenerateCommands::PlanStep(const generate::Setting& setting,
                                                          bool api) const {
  auto name = generate::ReadStepName(name_, setting.language);
  if (!name.ok()) return name.status();
  auto depends_on = ReadDependencies(name->Snake(), depends_on_);
  if (!depends_on.ok()) return depends_on.status();
  return generate::PlanStep(
      {.name = *name, .api = api, .depends_on = *depends_on, .template_file = template_file_},
      setting);
}

absl::StatusOr<generate::Plan> GenerateCommands::PlanSubscriber(
    const generate::Setting& setting) const {
  auto name = generate::ReadSubscriberName(name_, setting.language);
  if (!name.ok()) return name.status();
  auto events = generate::CheckEvents(events_);
  if (!events.ok()) return events.status();
  return generate::PlanSubscriber({.name = *name, .events = *events}, setting);
}

absl::StatusOr<generate::Setting> GenerateCommands::ReadSetting() const {
  std::error_code error;
  if (!std::filesystem::is_directory(directory_, error)) {
    return absl::InvalidArgumentError(absl::StrCat("--directory: ", directory_, " is no folder"));
  }
  auto language = language_.empty() ? generate::LanguageOfProject(directory_)
                                    : generate::LanguageNamed(language_);
  if (!language.ok()) return language.status();
  return generate::Setting{
      .language = *language, .directory = directory_, .namespace_name = namespace_};
}

ExitCode GenerateCommands::Generate(const Planner& planner) {
  const auto setting = ReadSetting();
  if (!setting.ok()) return Report(setting.status());
  const auto plan = planner(*setting);
  if (!plan.ok()) return Report(plan.status());
  const auto outcomes = dry_run_ ? generate::CheckFiles(setting->directory, plan->files, force_)
                                 : generate::WriteFiles(setting->directory, plan->files, force_);
  if (!outcomes.ok()) return Report(outcomes.status());
  Print(*outcomes, plan->notes);
  return ExitCode::kOk;
}

ExitCode GenerateCommands::Report(const absl::Status& status) {
  const ExitCode code = ReportUsage(session_, std::string(status.message()));
  // What was asked for makes sense, but something is in the way.
  const bool in_the_way = absl::IsAlreadyExists(status) || absl::IsFailedPrecondition(status);
  return in_the_way ? ExitCode::kRefused : code;
}

void GenerateCommands::Print(const std::vector<generate::FileOutcome>& outcomes,
                             const std::vector<std::string>& notes) {
  std::ostream& out = session_.console.out;
  if (session_.json()) {
    nlohmann::ordered_json json = {{"written", !dry_run_}};
    json["files"] = nlohmann::ordered_json::array();
    for (const auto& outcome : outcomes) {
      json["files"].push_back(
          {{"path", outcome.path.string()}, {"action", std::string(NameOf(outcome.action))}});
    }
    json["notes"] = notes;
    out << LayOutJson(json.dump(), JsonLayout::kDocument) << '\n';
    return;
  }
  for (const auto& outcome : outcomes) {
    out << PadRight(std::string(NameOf(outcome.action)), 11)
        << EscapeControls(outcome.path.string()) << '\n';
  }
  if (dry_run_) out << "(dry run: nothing was written)\n";
  for (const std::string& note : notes) out << '\n' << EscapeControlsInLines(note) << '\n';
}

}  // namespace tasker::cli
