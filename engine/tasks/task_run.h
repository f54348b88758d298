// An open task as it lives in memory. Everything here follows from what is stored.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "engine/command.h"
#include "engine/model/ids.h"
#include "engine/model/payload.h"
#include "engine/model/task_template.h"
#include "engine/model/time.h"
#include "engine/states/step_machine.h"
#include "engine/states/task_machine.h"
#include "tasker/v1/task.pb.h"

namespace tasker::engine {

struct HandlerInstance;

// What a handler is stored as.
struct HandlerIdentity {
  std::string name;
  std::string instance_id;
};

// One step of an open task.
struct StepRun {
  StepState state = StepState::kPending;
  // Attempts started so far.
  AttemptNumber attempts{};
  // Parents that are not done yet.
  std::uint32_t parents_left = 0;
  // Fences the newest attempt.
  std::uint64_t nonce = 0;
  // Place in the ready queue while enqueued; see ReadyQueues.
  std::uint64_t ready_order = 0;
  // Who holds the newest attempt; set exactly in kInProgress.
  HandlerInstance* holder = nullptr;
  // In kInProgress: when the attempt counts as lost unless the handler renews it.
  Timestamp lease_until;
  Timestamp enqueued_at;
  Timestamp started_at;
  Timestamp completed_at;
  Timestamp next_retry_at;
  // Of a step that is done.
  Payload results;
  // The newest; null if no attempt failed.
  std::unique_ptr<v1::Failure> last_failure;
  // Who was given the newest attempt; see StepRecord.
  std::shared_ptr<const HandlerIdentity> handler;
  // Whether the command under way has changed the step; see Changes.
  bool touched = false;
};

// How many steps are in which state.
struct StepCounts {
  std::uint32_t total = 0;
  // Complete, skipped or resolved by hand.
  std::uint32_t done = 0;
  std::uint32_t enqueued = 0;
  std::uint32_t in_progress = 0;
  std::uint32_t waiting_for_retry = 0;
  std::uint32_t error = 0;

  // Takes one step from one state to another.
  void Move(StepState from, StepState to);
  // Steps that will change without anybody's doing.
  std::uint32_t active() const { return enqueued + in_progress + waiting_for_retry; }

 private:
  std::uint32_t* CountOf(StepState state);
};

// One open task.
struct TaskRun {
  TaskId id;
  TaskTemplatePtr task_template;
  TaskState state = TaskState::kPending;
  Payload context;
  TaskOrigin origin;
  Timestamp created_at;
  Timestamp started_at;
  Timestamp completed_at;
  // In the template's order.
  std::vector<StepRun> steps;
  StepCounts counts;
  // Steps whose parents are done, held back because the template is not concurrent and another
  // step runs.
  std::deque<StepIndex> held_back;
  // Where the command under way keeps its changes to this task, plus one; see Changes.
  std::size_t touched_place = 0;

  StepRun& at(StepIndex step) { return steps[Raw(step)]; }
  const StepRun& at(StepIndex step) const { return steps[Raw(step)]; }
  const StepTemplate& TemplateOf(StepIndex step) const { return task_template->steps[Raw(step)]; }
};

// Names one step of one task.
struct StepRef {
  TaskId task;
  StepIndex step{};

  auto operator<=>(const StepRef&) const = default;
};

}  // namespace tasker::engine
