// What moving an open task to another version of its template would do to it, and whether it can.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/migration/version_diff.h"
#include "engine/model/ids.h"
#include "engine/model/time.h"
#include "engine/tasks/task_run.h"

namespace tasker::engine {

// How often a task may be moved in its life.
inline constexpr std::uint32_t kMovesMax = 1000;

// A reason for which a task cannot move now.
struct MoveObstacle {
  // Empty: the task as a whole.
  std::string step;
  // A sentence without a full stop, which names the step.
  std::string why;
};

// Made for one state of one task.
struct MovePlan {
  // What differs for it in what is still to run; empty: nothing. Of the template as a whole first,
  // then steps that are no more, then the others in the new version's order.
  std::vector<VersionChange> changes;
  // Empty: the task can move.
  std::vector<MoveObstacle> obstacles;

  // What a move has to do beside giving steps their places. Places in the old version: steps that
  // are ready, have not begun, and are no more or are to be made ready anew.
  std::vector<StepIndex> plan_anew;
  // In the new version: decisions that are done and chose among other branches; waits under way
  // that end at another time.
  std::vector<StepIndex> choose_anew;
  std::vector<std::pair<StepIndex, Timestamp>> wakes;
  // By which the task must have ended; kNever: no deadline.
  Timestamp deadline_at = kNever;

  bool can_move() const { return obstacles.empty(); }
};

// Plans the move of `task`, which is open and runs on diff.from(), at the moment `now`. Looks at
// nothing that is not stored, so a task just decoded will do. The context is not checked against
// the new version's schema.
//
// What is done stays done, and what is under way goes on: a step that has begun must be in the new
// version, be of the same kind, have no step before it there that is not done, and a fan-out the
// same items. A step that has not begun may be added, removed and changed in any way. Nothing moves
// while the task is cancelled or compensates.
MovePlan PlanMove(const VersionDiff& diff, const TaskRun& task, Timestamp now);

// The obstacles, a line each, for a message.
std::string ToString(const std::vector<MoveObstacle>& obstacles);

}  // namespace tasker::engine
