// Whether what is published is what templates declare.
#pragma once

#include <span>

#include "absl/status/status.h"

#include "engine/command.h"
#include "engine/model/task_template.h"

namespace tasker::engine {

// Of events that come with the result of a step's attempt: those that the step, or its template as
// a whole, declares must satisfy the declaration; others are refused if `only_declared`. Error:
// INVALID_ARGUMENT that says which event, and why.
absl::Status CheckEvents(const TaskTemplate& task_template, const StepTemplate& step,
                         std::span<const PublishedEvent> events, bool only_declared);

// Of an event that somebody publishes about a task: one of the declarations of its template must
// allow it. Errors: INVALID_ARGUMENT: none does; FAILED_PRECONDITION: there is none, and
// `only_declared`.
absl::Status CheckEvent(const TaskTemplate& task_template, const PublishedEvent& event,
                        bool only_declared);

}  // namespace tasker::engine
