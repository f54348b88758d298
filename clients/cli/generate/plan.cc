#include "clients/cli/generate/plan.h"

#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "clients/cli/generate/fill.h"
#include "clients/cli/generate/layout.h"
#include "clients/cli/generate/project_advice.h"
#include "clients/cli/generate/ruby_modules.h"
#include "clients/cli/generate/skeleton_values.h"
#include "clients/cli/generate/skeletons.h"
#include "clients/cli/generate/template_advice.h"

namespace tasker::cli::generate {
namespace {

namespace fs = std::filesystem;

absl::StatusOr<PlannedFile> Make(const LayoutRow& row, const Values& values) {
  const auto path = Fill(row.target, values);
  if (!path.ok()) return path.status();
  auto content = Fill(SkeletonText(row.skeleton), values);
  if (!content.ok()) return content.status();
  return PlannedFile{*path, *std::move(content), row.only_if_missing};
}

absl::Status AddFiles(Language language, Generator generator, const Values& values, Plan& plan) {
  for (const LayoutRow& row : LayoutOf(language, generator)) {
    auto file = Make(row, values);
    if (!file.ok()) return file.status();
    // Generators that run together share their project's files.
    bool planned = false;
    for (const PlannedFile& other : plan.files) planned = planned || other.path == file->path;
    if (!planned) plan.files.push_back(*std::move(file));
  }
  return absl::OkStatus();
}

Generator GeneratorOf(const StepRequest& step) {
  return step.api ? Generator::kApiStep : Generator::kStep;
}

// The lines of a step in a template.
absl::StatusOr<std::string> LinesOf(const StepRequest& step, const Setting& setting) {
  return Fill(SkeletonText("step.yaml.mustache"), ValuesOf(step, setting));
}

absl::Status AddTemplate(Values values, const std::string& lines, Plan& plan) {
  values.fields["step_lines"] = std::string(absl::StripSuffix(lines, "\n"));
  auto file = Make(kTemplateRow, values);
  if (!file.ok()) return file.status();
  if (auto status = CheckNewTemplate(file->content, file->path); !status.ok()) return status;
  plan.files.push_back(*std::move(file));
  return absl::OkStatus();
}

// A chain: each depends on the one before.
std::vector<StepRequest> StepsOf(const TaskRequest& request) {
  std::vector<StepRequest> steps;
  for (const StepName& name : request.steps) {
    StepRequest step{.name = name, .depends_on = {}, .template_file = {}};
    if (!steps.empty()) step.depends_on.push_back(steps.back().name.Snake());
    steps.push_back(std::move(step));
  }
  return steps;
}

absl::Status AddStep(const StepRequest& step, const Setting& setting, bool task_is_class,
                     Plan& plan) {
  Values values = ValuesOf(step, setting);
  EnterStepModules(step.name, task_is_class, values);
  return AddFiles(setting.language, GeneratorOf(step), values, plan);
}

// The template that a step is for: an existing one is not touched.
absl::Status AddStepsTemplate(const StepRequest& request, const Setting& setting, Plan& plan) {
  const auto lines = LinesOf(request, setting);
  if (!lines.ok()) return lines.status();
  const Values values = ValuesOf(request, setting);
  const auto usual = Fill(kTemplateRow.target, values);
  if (!usual.ok()) return usual.status();
  const bool named = !request.template_file.empty();
  const fs::path file = named ? request.template_file : setting.directory / *usual;
  std::error_code error;
  if (named || fs::exists(fs::symlink_status(file, error))) {
    const auto advice = AdviceOnTemplate(file.lexically_normal(), request, setting, *lines);
    if (!advice.ok()) return advice.status();
    plan.notes.push_back(*advice);
    return absl::OkStatus();
  }
  if (!request.depends_on.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("there is no template ", *usual, " yet, and so no step `",
                     request.depends_on.front(), "` to depend on: generate that first"));
  }
  return AddTemplate(values, *lines, plan);
}

void AddNotes(std::vector<std::string> notes, Plan& plan) {
  for (std::string& note : notes) plan.notes.push_back(std::move(note));
}

}  // namespace

absl::StatusOr<Plan> PlanTask(const TaskRequest& request, const Setting& setting) {
  Plan plan;
  const Values values = ValuesOf(request, setting);
  auto status = AddFiles(setting.language, Generator::kTask, values, plan);
  std::string lines;
  for (const StepRequest& step : StepsOf(request)) {
    if (status.ok()) status = AddStep(step, setting, /*task_is_class=*/true, plan);
    if (!status.ok()) return status;
    const auto step_lines = LinesOf(step, setting);
    if (!step_lines.ok()) return step_lines.status();
    absl::StrAppend(&lines, lines.empty() ? "" : "\n", *step_lines);
  }
  if (status.ok()) status = AddTemplate(values, lines, plan);
  if (!status.ok()) return status;
  if (setting.language == Language::kRuby) {
    AddNotes(AdviceOnModules(request.name, setting.directory), plan);
    AddNotes(AdviceOnSpelling(request.name.Parts(), ""), plan);
  }
  if (request.steps.empty()) {
    plan.notes.push_back(
        absl::StrCat("Its template has no steps yet. Add one: tasker generate "
                     "step-handler ",
                     request.name.Full(), "::ProcessData"));
  }
  AddNotes(AdviceOnProject(setting), plan);
  return plan;
}

absl::StatusOr<Plan> PlanStep(const StepRequest& request, const Setting& setting) {
  Plan plan;
  const bool task_is_class = TaskIsClass(request.name.task, setting.directory);
  auto status = AddStep(request, setting, task_is_class, plan);
  if (status.ok()) status = AddStepsTemplate(request, setting, plan);
  if (!status.ok()) return status;
  if (setting.language == Language::kRuby) {
    AddNotes(AdviceOnSpelling(request.name.task.Parts(), request.name.base), plan);
  }
  AddNotes(AdviceOnProject(setting), plan);
  return plan;
}

absl::StatusOr<Plan> PlanSubscriber(const SubscriberRequest& request, const Setting& setting) {
  Plan plan;
  const Values values = ValuesOf(request, setting);
  if (auto status = AddFiles(setting.language, Generator::kSubscriber, values, plan);
      !status.ok()) {
    return status;
  }
  for (const SubscribedEvent& event : request.events) {
    if (!event.remark.empty()) plan.notes.push_back(event.remark);
  }
  AddNotes(AdviceOnProject(setting), plan);
  return plan;
}

}  // namespace tasker::cli::generate
