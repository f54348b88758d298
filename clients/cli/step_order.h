// The order in which a task's steps are shown.
#pragma once

#include <cstddef>
#include <vector>

#include "tasker/v1/task.pb.h"

namespace tasker::cli {

// A step and its place among the stages of its task. A stage holds the steps whose longest way
// from a root is equally long; they can run side by side.
struct PlacedStep {
  const v1::Step* step = nullptr;
  std::size_t stage = 0;
  // Whether it is the first or last of its stage; both if it is alone.
  bool first_of_stage = true;
  bool last_of_stage = true;
  // Whether it depends on exactly the steps of the stage before, which needs no mention.
  bool depends_on_stage_before = true;
};

// `task`'s steps, every step behind all that it depends on, else in the template's order. The
// result points into `task`. Dependencies on steps that are not there are ignored, and steps that
// depend on each other in a circle come last: the service promises neither happens.
std::vector<PlacedStep> OrderSteps(const v1::Task& task);

// Up to `budget` of `steps`, for when there are more than lines: first what failed or is under
// way, then what comes next, then what finished last. Returns whether each one is shown.
std::vector<bool> ChooseSteps(const std::vector<PlacedStep>& steps, std::size_t budget);

}  // namespace tasker::cli
