// A task as lines for a terminal.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"

#include "tasker/v1/task.pb.h"

namespace tasker::cli {

// How to draw.
struct TaskViewOptions {
  // Cells a line may take; 0: no limit.
  int width = 0;
  // Lines allowed in all; 0: no limit. With too few, steps are left out, finished ones first, and
  // a last line counts what is left out. Below 3 counts as 3.
  int height = 0;
  bool color = false;
  // Whether running steps turn with `now`; else they are a still mark.
  bool animated = false;
  // Shown below, when not empty: what stands between the viewer and the service.
  std::string notice = "";
};

// A header with the task's name, id, state and time taken, then a row for each step in the order
// of dependencies: mark, name, attempts if more than one, time taken, and what there is to say of
// it (the failure, the handler, what it waits for). Steps that can run side by side are bracketed;
// dependencies are written out where they are not just the rows before.
//
// Pure: the same arguments give the same lines. Text from the task is escaped. `now` should be
// close to the service's clock, from which the task's times come.
std::vector<std::string> RenderTask(const v1::Task& task, absl::Time now,
                                    const TaskViewOptions& options);

// How long `task` has run or ran, from its acceptance on.
std::string ElapsedText(const v1::Task& task, absl::Time now);

// What there is to say of `step` beyond its state, in one line: `retry in 1.2s: Card::Declined: no
// funds`. May be empty.
std::string StepDetail(const v1::Step& step, absl::Time now);

// How long the newest attempt has run, or ran if the step has ended; empty before the first.
std::string StepElapsedText(const v1::Step& step, absl::Time now);

}  // namespace tasker::cli
