// Giving the steps of a task their places in another version of its template.
#pragma once

#include <optional>

#include "engine/migration/version_diff.h"
#include "engine/tasks/changes.h"
#include "engine/tasks/task_run.h"

namespace tasker::engine {

// Where a step or item of a task on diff.from() stands on diff.to(); nullopt: the new version does
// not have it.
std::optional<StepIndex> PlaceAfter(const VersionDiff& diff, StepIndex before);

// Makes `task`, which runs on diff.from(), one that runs on diff.to(): template, steps, items,
// counts and numbers of parents; the records that change by it are saved, and those of places that
// have none any more are removed. Tokens of attempts go on naming them. Precondition: PlanMove
// found no obstacle, and no step is in a queue or held by a handler.
void MoveTo(TaskRun& task, const VersionDiff& diff, Changes& changes);

}  // namespace tasker::engine
