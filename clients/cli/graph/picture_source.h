// Pictures of templates and tasks.
#pragma once

#include "absl/time/time.h"

#include "clients/cli/graph/picture.h"
#include "tasker/v1/task.pb.h"
#include "tasker/v1/template_analysis.pb.h"

namespace tasker::cli {

// By what the critical path is found.
enum class CriticalBy : std::uint8_t {
  // By time if all steps have one, else by steps.
  kAuto,
  // The way of most steps.
  kSteps,
  // The way that takes longest. Of a template: by what it says of attempts. Of a task: each step
  // counts from the end of the last one before it to its own end, so that the way is the one that
  // determined when the task ended; steps that have not ended count as the template says. What has
  // no time counts nothing.
  kTime,
};

// Pure. What depends on a step that is not there, or in a circle, is drawn without that edge.
Picture PictureOf(const v1::TemplateAnalysis& analysis, CriticalBy by);

// The same with the states of a run of it. `analysis` may be null or of another version: what is
// not known from it is left out. Pure; `now` is for steps under way.
Picture PictureOf(const v1::Task& task, const v1::TemplateAnalysis* analysis, CriticalBy by,
                  absl::Time now);

}  // namespace tasker::cli
