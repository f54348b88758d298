// How generated Ruby fits the constants that a project has.
//
// A task's class, `OrderProcess`, is at the same time what its steps' classes are in
// (`OrderProcess::StepHandler::...`), and Ruby lets a constant be a class or a module, not both.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "clients/cli/generate/handler_name.h"
#include "clients/cli/generate/skeleton_values.h"

namespace tasker::cli::generate {

// Whether the project in `directory` has the task's class: `app/tasks/order_process.rb`.
bool TaskIsClass(const TaskName& task, const std::filesystem::path& directory);

// Puts the modules of a step's class into `values`: its task's class, opened again, if there is
// one, else a module.
void EnterStepModules(const StepName& step, bool task_is_class, Values& values);

// Steps in `directory` that open `task` as a module, which its class does not allow; a sentence
// each.
std::vector<std::string> AdviceOnModules(const TaskName& task,
                                         const std::filesystem::path& directory);

// What a loader that finds files by their classes' names (Rails's) has to be told of acronyms in
// `modules` and `base`; a sentence, or nothing.
std::vector<std::string> AdviceOnSpelling(const std::vector<std::string>& modules,
                                          const std::string& base);

}  // namespace tasker::cli::generate
