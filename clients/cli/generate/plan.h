// From what is asked for to the files that are to be written.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "clients/cli/generate/event_names.h"
#include "clients/cli/generate/file_set.h"
#include "clients/cli/generate/handler_name.h"
#include "clients/cli/generate/language.h"

namespace tasker::cli::generate {

// What every generator is told.
struct Setting {
  Language language = Language::kRuby;
  // The project's folder. Exists.
  std::filesystem::path directory;
  // `namespace_name` of a new template; empty: made of the modules around the task, else `default`.
  std::string namespace_name;
};

// A task's handler, its template, and handlers of its first steps.
struct TaskRequest {
  TaskName name;
  // In the order in which they are to run. Each of this task.
  std::vector<StepName> steps;
};

// A step's handler.
struct StepRequest {
  StepName name;
  // Whether it calls an HTTP API.
  bool api = false;
  // Names of steps, as in templates.
  std::vector<std::string> depends_on;
  // The template that the step is to be added to, by the user; empty: the task's usual one.
  std::filesystem::path template_file;
};

struct SubscriberRequest {
  SubscriberName name;
  std::vector<SubscribedEvent> events;
};

// What is to be written, and what the user should know.
struct Plan {
  std::vector<PlannedFile> files;
  // Sentences or texts of several lines, in their order.
  std::vector<std::string> notes;
};

// Nothing is written; existing files are looked at, for what the generated ones have to fit.
// INVALID_ARGUMENT: what is asked for does not fit the template that is there, and why.

absl::StatusOr<Plan> PlanTask(const TaskRequest& request, const Setting& setting);
absl::StatusOr<Plan> PlanStep(const StepRequest& request, const Setting& setting);
absl::StatusOr<Plan> PlanSubscriber(const SubscriberRequest& request, const Setting& setting);

}  // namespace tasker::cli::generate
