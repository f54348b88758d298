// An open task as it lives in memory. Everything here follows from what is stored.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/command.h"
#include "engine/model/attempt_token.h"
#include "engine/model/ids.h"
#include "engine/model/payload.h"
#include "engine/model/task_template.h"
#include "engine/model/time.h"
#include "engine/scheduling/pauses.h"
#include "engine/states/step_machine.h"
#include "engine/states/task_machine.h"
#include "tasker/v1/task.pb.h"

namespace tasker::engine {

struct HandlerInstance;
struct Route;

// What a handler is stored as.
struct HandlerIdentity {
  std::string name;
  std::string instance_id;
};

// The items of a `for_each` step that has begun.
struct Items {
  // The task's index of the first; the others follow.
  std::uint32_t first = 0;
  // The elements, as JSON.
  std::vector<Payload> elements;
  // No item before this place is still to be started.
  std::uint32_t next = 0;
  // Ready, at handlers, in backoff or running a task.
  std::uint32_t active = 0;
  std::uint32_t done = 0;
  // Whether items are being started: one that ends at once is then only counted.
  bool starting = false;

  std::uint32_t size() const { return static_cast<std::uint32_t>(elements.size()); }
};

// What few steps have.
struct StepExtras {
  // Set once a `for_each` step has begun.
  std::optional<Items> items;
  // In an item: the step it is of, and its place there.
  std::optional<StepIndex> item_of;
  std::uint32_t item_index = 0;
  // The task that the newest attempt runs.
  std::optional<TaskId> sub_task;
  // When a wait ends, or gives up; kNever: never by itself.
  Timestamp wake_at = kNever;
  // What the newest attempt left behind, and when it was last stored.
  Payload checkpoint;
  Timestamp checkpoint_stored_at = kNever;
  // Set while a cancellation waits for the handler, until `at`.
  std::optional<OperatorAct> cancel;
  // The place that the newest attempt's token names, where the step has had another since.
  std::optional<StepIndex> token_step;
  // Whether the newest attempt was given up by its handler, to be ended from elsewhere. `wake_at`
  // is then when it fails.
  bool deferred = false;
  // How far the newest attempt said it is.
  std::optional<Progress> progress;
};

// One step of an open task, or one item of a `for_each` step.
struct StepRun {
  StepState state = StepState::kPending;
  // Skipped because a decision, or every step before it, left it out.
  bool left_out = false;
  // Whether the handler has told that the newest attempt arrived.
  bool confirmed = false;
  // Whether it stands in its ready queue.
  bool queued = false;
  // Whether the command under way has changed the step; see Changes.
  bool touched = false;
  // Attempts started so far, and those of them that do not count against the limit.
  AttemptNumber attempts{};
  AttemptNumber forgiven{};
  // Parents that are not done yet.
  std::uint32_t parents_left = 0;
  // Parents that are done and were not left out.
  std::uint32_t parents_wanted = 0;
  // Fences the newest attempt; 0: no token is current.
  std::uint64_t nonce = 0;
  // Place in the ready queue; see ReadyQueues.
  Timestamp ready_order;
  std::uint64_t arrival = 0;
  // Who holds the newest attempt; null where no handler does.
  HandlerInstance* holder = nullptr;
  // Of a held attempt: when it counts as lost, or as never arrived, unless the handler tells more.
  Timestamp lease_until;
  Timestamp enqueued_at;
  Timestamp started_at;
  Timestamp completed_at;
  Timestamp next_retry_at;
  // How long its record is, as last written or read.
  std::uint32_t record_bytes = 0;
  // Of a step that is done.
  Payload results;
  // The newest; null if no attempt failed.
  std::unique_ptr<v1::Failure> last_failure;
  // Who was given the newest attempt; see StepRecord.
  std::shared_ptr<const HandlerIdentity> handler;
  // Null: has none.
  std::unique_ptr<StepExtras> extras;

  // Makes extras if there are none.
  StepExtras& More();
  // Attempts that count against the limit.
  AttemptNumber counted() const { return AttemptNumber{Raw(attempts) - Raw(forgiven)}; }
  bool is_item() const { return extras != nullptr && extras->item_of.has_value(); }
  Items* items() { return extras != nullptr && extras->items ? &*extras->items : nullptr; }
  const Items* items() const { return const_cast<StepRun*>(this)->items(); }
  // Whether it waits for EndDeferred.
  bool deferred() const {
    return state == StepState::kInProgress && extras != nullptr && extras->deferred;
  }
  const OperatorAct* cancel() const {
    return extras != nullptr && extras->cancel ? &*extras->cancel : nullptr;
  }
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
  std::uint32_t cancelled = 0;

  // Takes one step from one state to another.
  void Move(StepState from, StepState to);
  // Steps that will change without anybody's doing.
  std::uint32_t active() const { return enqueued + in_progress + waiting_for_retry; }

 private:
  std::uint32_t* CountOf(StepState state);
};

// A signal that no step has taken yet.
struct Signal {
  std::string name;
  Payload payload;
  std::string actor;
};

// One task: open, or finished and looked at by a repair.
struct TaskRun {
  TaskId id;
  TaskTemplatePtr task_template;
  // The route of each of the template's steps; null where no handler does it. Set by ReadyQueues.
  const std::vector<Route*>* routes = nullptr;
  TaskState state = TaskState::kPending;
  // Whether the steps in reserve have begun.
  bool compensating = false;
  Priority priority = Priority::kNormal;
  Payload context;
  TaskOrigin origin;
  Timestamp created_at;
  Timestamp started_at;
  Timestamp completed_at;
  // kNever: none.
  Timestamp deadline_at;
  // Fairness between tasks: where its next ready step stands at the earliest. See ReadyQueues.
  Timestamp fair_from;
  // In the template's order.
  std::vector<StepRun> steps;
  // Items of `for_each` steps, whose indices go on behind the steps'. Adding some moves none.
  std::vector<std::unique_ptr<StepRun>> items;
  // Of `steps` alone.
  StepCounts counts;
  // Steps whose turn comes when no other step of the task is active: those of a template that is
  // not concurrent, and those in reserve. A list: most tasks have none.
  std::list<StepIndex> held_back;
  std::optional<ParentStep> parent;
  // Set from the request to cancel on.
  std::optional<OperatorAct> cancel;
  std::optional<OperatorAct> pause;
  // Oldest first.
  std::vector<Signal> signals;
  // Versions that the task was moved from, oldest first.
  std::vector<std::string> earlier_versions;
  // Steps and items whose newest attempt's token names another place than theirs.
  std::vector<StepIndex> renumbered;
  // `instance_id` of the handler that sticky steps go to; empty: any.
  std::string sticky_instance;
  // Steps whose parents are done, until the command under way deals with them.
  std::vector<StepIndex> became_ready;
  // Where the command under way keeps its changes to this task, plus one; see Changes.
  std::size_t touched_place = 0;
  // The place, plus one, of the event that tells which steps the command under way makes ready; 0:
  // the next one begins another.
  std::size_t ready_event = 0;
  // How long its records are together, as last written or read, history left out; of them the
  // task's own.
  std::size_t records_bytes = 0;
  std::size_t header_bytes = 0;
  // The footprint that the partition has counted.
  std::size_t counted_bytes = 0;

  // What the task takes of memory, as far as that follows from its records: payloads are most of
  // it.
  std::size_t Footprint() const {
    return sizeof(TaskRun) + (steps.size() + items.size()) * sizeof(StepRun) + records_bytes +
           context->size();
  }

  bool has(StepIndex step) const { return Raw(step) < steps.size() + items.size(); }
  StepRun& at(StepIndex step) {
    return Raw(step) < steps.size() ? steps[Raw(step)] : *items[Raw(step) - steps.size()];
  }
  const StepRun& at(StepIndex step) const { return const_cast<TaskRun*>(this)->at(step); }
  // Of an item: the step that it is of.
  StepIndex TemplateStep(StepIndex step) const {
    return Raw(step) < steps.size() ? step : *at(step).extras->item_of;
  }
  const StepTemplate& TemplateOf(StepIndex step) const {
    return task_template->steps[Raw(TemplateStep(step))];
  }
  // Whether the engine itself runs the step: a wait, a sub-task, or a `for_each` step as a whole.
  bool by_engine(StepIndex step) const {
    const StepTemplate& kind = TemplateOf(step);
    return kind.wait || kind.sub_task || (kind.for_each && !at(step).is_item());
  }
  // How often the task was moved to another version of its template.
  std::uint32_t moves() const { return static_cast<std::uint32_t>(earlier_versions.size()); }
  // The token that the step's newest attempt was handed out with.
  AttemptToken TokenOf(StepIndex step) const;
  // The step whose newest attempt was handed out with `token`, whatever became of it and wherever
  // the step stands now; nullopt if a later one was made, or none such ever.
  std::optional<StepIndex> StepOf(const AttemptToken& token) const;
  // The step or item that runs `sub_task` by its newest attempt, looked for at `place` first.
  std::optional<StepIndex> StepRunning(const TaskId& sub_task, StepIndex place) const;

  // The step's name; of an item, `name[3]`.
  std::string NameOf(StepIndex step) const;
  // The step of that name; nullopt if there is none.
  std::optional<StepIndex> Find(std::string_view name) const;
};

}  // namespace tasker::engine
