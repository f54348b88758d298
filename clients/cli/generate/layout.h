// Which skeletons a generator fills in, and where the files belong in each language's projects.
#pragma once

#include <string_view>
#include <vector>

#include "clients/cli/generate/language.h"

namespace tasker::cli::generate {

enum class Generator { kTask, kStep, kApiStep, kSubscriber };

struct LayoutRow {
  // See skeletons.h.
  std::string_view skeleton;
  // The file's path in the project, a skeleton itself.
  std::string_view target;
  // See PlannedFile.
  bool only_if_missing = false;
};

// The files of `generator` but for the template, those of the project last.
std::vector<LayoutRow> LayoutOf(Language language, Generator generator);

// A task's template, in every language's projects.
inline constexpr LayoutRow kTemplateRow = {"task.yaml.mustache",
                                           "config/tasker/tasks/{{task_slashes}}.yaml"};

}  // namespace tasker::cli::generate
