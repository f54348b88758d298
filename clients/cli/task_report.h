// A task in full, for `task show`.
#pragma once

#include "absl/time/time.h"

#include "clients/cli/console.h"
#include "tasker/v1/task.pb.h"

namespace tasker::cli {

// Prints the task's fields, its steps as RenderTask draws them, its context and the results of its
// steps.
void PrintTaskReport(Console& console, const v1::Task& task, absl::Time now);

}  // namespace tasker::cli
