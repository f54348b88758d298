// What changed about a task, for places where nothing can be redrawn.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"

#include "tasker/v1/task.pb.h"

namespace tasker::cli {

// A line for the task if its state is another in `after`, then one for each step whose state or
// number of attempts is: `↻ process_payment waiting_for_retry 1/2 retry in 1.0s: Declined`. Without
// `before`, everything but pending steps counts as changed. Pure; text from the task is escaped.
std::vector<std::string> DescribeChanges(const v1::Task* before, const v1::Task& after,
                                         absl::Time now);

}  // namespace tasker::cli
