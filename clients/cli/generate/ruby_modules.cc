#include "clients/cli/generate/ruby_modules.h"

#include <algorithm>
#include <fstream>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "clients/cli/generate/inflection.h"

namespace tasker::cli::generate {
namespace {

namespace fs = std::filesystem;

// Without its ending: `app/tasks/shop/order_process`.
fs::path PathOf(const TaskName& task) {
  fs::path path = "app/tasks";
  for (const std::string& part : task.Parts()) path /= Snake(part);
  return path;
}

bool OpensAsModule(const fs::path& file, const std::string& class_name) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (absl::StripAsciiWhitespace(line) == "module " + class_name) return true;
  }
  return false;
}

}  // namespace

bool TaskIsClass(const TaskName& task, const fs::path& directory) {
  std::error_code error;
  return fs::is_regular_file(directory / (PathOf(task).string() + ".rb"), error);
}

void EnterStepModules(const StepName& step, bool task_is_class, Values& values) {
  // With its superclass, so that either file may be loaded first.
  values.modules.push_back(
      task_is_class ? absl::StrCat("class ", step.task.class_name, " < Tasker::TaskHandler::Base")
                    : absl::StrCat("module ", step.task.class_name));
  values.modules.emplace_back("module StepHandler");
}

std::vector<std::string> AdviceOnModules(const TaskName& task, const fs::path& directory) {
  std::vector<std::string> advice;
  std::error_code error;
  const fs::path folder = PathOf(task) / "step_handler";
  for (const fs::directory_entry& entry : fs::directory_iterator(directory / folder, error)) {
    if (entry.path().extension() != ".rb") continue;
    if (!OpensAsModule(entry.path(), task.class_name)) continue;
    advice.push_back(absl::StrCat((folder / entry.path().filename()).string(), " opens `module ",
                                  task.class_name, "`, but it is a class now: write `class ",
                                  task.class_name, " < Tasker::TaskHandler::Base` there."));
  }
  std::sort(advice.begin(), advice.end());
  return advice;
}

std::vector<std::string> AdviceOnSpelling(const std::vector<std::string>& modules,
                                          const std::string& base) {
  std::vector<std::string> words = modules;
  if (!base.empty()) words.push_back(base);
  for (const std::string& word : words) {
    if (SurvivesInflection(word)) continue;
    return {absl::StrCat("Under Rails, its loader looks for ", Camel(Snake(word)), " in ",
                         Snake(word), ".rb: tell it of the acronym in `", word,
                         "` (ActiveSupport::Inflector.inflections, `inflect.acronym`).")};
  }
  return {};
}

}  // namespace tasker::cli::generate
