// The engine: a state machine that takes commands and hands back what has to be stored and sent.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "engine/command.h"
#include "engine/effects.h"
#include "engine/migration/move_plan.h"
#include "engine/model/draws.h"
#include "engine/model/ids.h"
#include "engine/model/retry_curve.h"
#include "engine/model/time.h"
#include "engine/scheduling/handler_directory.h"
#include "engine/scheduling/pauses.h"
#include "engine/scheduling/ready_queues.h"
#include "engine/scheduling/retry_policy.h"
#include "engine/scheduling/timer_queue.h"
#include "engine/tasks/changes.h"
#include "engine/tasks/record_codec.h"
#include "engine/tasks/task_run.h"
#include "tasker/v1/task_service.pb.h"

namespace tasker::engine {

// What a partition is told once.
struct PartitionSettings {
  // How long an attempt is kept for a handler that gives no sign of life.
  Duration lease = std::chrono::seconds(30);
  // How long a handler that confirms assignments has to do so.
  Duration confirm_within = std::chrono::seconds(5);
  // How long a handler has to end an attempt that is cancelled; zero: it is taken away at once.
  Duration cancel_grace = std::chrono::seconds(10);
  // Checkpoints of one attempt are stored at most this often.
  Duration checkpoint_interval = std::chrono::seconds(1);
  // How failed attempts are spaced where the template does not say.
  RetryCurve retry = {};
  // How ready steps are ordered.
  ReadyOrder order = {};
  // Running steps of a handler class, over all handlers and templates.
  std::map<std::string, std::uint32_t> class_limits = {};
  // Bytes that open tasks may take in memory, by their TaskRun::Footprint; 0: any number. Those
  // beyond are put to sleep as long as no handler has a step of theirs.
  std::size_t task_memory_max = 0;
  // Bytes of the results that a `for_each` step collects of its items, or a step of the task it
  // ran.
  std::size_t collected_bytes_max = 64u << 20;
  // Whether events of handlers and callers are refused that no template declares.
  bool only_declared_events = false;
};

// The open tasks of a range of slots, the handlers that do their steps, and everything that decides
// what runs next.
//
// Pure: equal settings, seed, commands and times give equal effects. The caller makes the effects
// of each command durable, in the order of the commands, before it lets any of them out; it may
// apply further commands meanwhile. Not safe for concurrent use.
class Partition {
 public:
  // `seed` decides the attempts' nonces, the ids of sub-tasks and the retries' jitter; never use
  // one twice.
  Partition(PartitionSettings settings, std::uint64_t seed);

  // Takes up an open task as it was stored, before the first Apply. Attempts that were under way
  // get a new lease: their handlers may still be at work, and will connect again.
  // Errors: DATA_LOSS if record and template do not fit each other; ALREADY_EXISTS if the task is
  // in memory. It is then left out.
  absl::Status Restore(StoredTask stored, Timestamp now);

  // Takes up what was paused, before the first Apply.
  void Restore(const storage::v1::PausesRecord& pauses);

  // The task that `command` is about if it is not in memory and may have finished, or sleeps: to be
  // handed to Wake, if the store has it, before the command is applied. The store must be up to
  // date with every effect of this task.
  std::optional<TaskId> Wants(const Command& command) const;

  // Tasks that sleep and are needed: a handler could take their steps, or their time has come. Some
  // may be named twice. Each is to be handed to Wake or to Drop, the store being up to date as
  // above; then FireTimers is to be given. In partition_sleep.cc, with all about sleep.
  std::vector<TaskId> TakeWanted() { return std::exchange(wanted_, {}); }
  bool HasWanted() const { return !wanted_.empty(); }

  // Takes up a task that sleeps; or a finished one, for the next command alone. Errors as
  // Restore's; a task that slept goes on sleeping then.
  absl::Status Wake(StoredTask stored, Timestamp now);

  // Forgets a task that sleeps and cannot be read.
  void Drop(const TaskId& id);

  // Puts to sleep what was taken up or changed since the last call, as far as tasks take too much
  // memory, and returns it: the effects of the commands until now make its records whole. To be
  // called between two commits, and after each task of a start.
  std::vector<TaskId> Settle();

  // Does what `command` asks and appends everything that follows from it to `effects`. Times must
  // not go back from call to call. Returns what the one who asked is to be told once the effects
  // are durable: OK, or the error that the command's comment names, with nothing changed.
  //
  // Time: proportional to what changes: a result costs its own step and its children.
  absl::Status Apply(Command command, Timestamp now, Effects& effects);

  // When FireTimers should be given next; nullopt: not before another command came.
  std::optional<Timestamp> NextTimer() const { return timers_.Next(); }

  // How many timers wait, those that have become void among them.
  std::size_t timers() const { return timers_.size(); }

  // How many attempts the handler of `session` holds; 0 if the session is not known.
  std::uint32_t InFlightOf(SessionId session) const;

  // How many tasks are open, and how many of them sleep.
  std::size_t open_tasks() const { return tasks_.size() + asleep_.size(); }
  std::size_t sleeping_tasks() const { return asleep_.size(); }
  // What those in memory take of it, in bytes.
  std::size_t task_memory() const { return task_memory_; }
  bool IsAsleep(const TaskId& id) const { return asleep_.contains(id); }

  // What is paused beside single tasks.
  const Pauses& pauses() const { return pauses_; }

  // The open task of that id, or null if there is none or it sleeps. Valid until the next call that
  // is not const.
  const TaskRun* Look(const TaskId& id) const;

  // Why the steps of an open task do not run: those that are not done, or the one named. At most
  // `steps_max` of them. Errors: NOT_FOUND: no such open task, or no such step.
  absl::StatusOr<v1::ExplainTaskResponse> Explain(const TaskId& task, std::string_view step,
                                                  Timestamp now, std::size_t steps_max) const;

 private:
  friend class Explainer;

  // Commands about tasks. In partition_tasks.cc.
  absl::Status Do(CreateTask& command, Changes& changes);
  absl::Status Do(RefuseSubTask& command, Changes& changes);
  absl::Status Do(SignalTask& command, Changes& changes);
  // In partition_cancel.cc.
  absl::Status Do(CancelTask& command, Changes& changes);
  // In partition_pause.cc.
  absl::Status Do(PauseTask& command, Changes& changes);
  absl::Status Do(ResumeTask& command, Changes& changes);
  absl::Status Do(PauseScope& command, Changes& changes);
  absl::Status Do(ResumeScope& command, Changes& changes);
  // In partition_repair.cc.
  absl::Status Do(RepairStep& command, Changes& changes);
  absl::Status Do(RepairTask& command, Changes& changes);
  // In partition_migration.cc.
  absl::Status Do(MigrateTask& command, Changes& changes);
  // Of handlers' sessions. In partition_handlers.cc.
  absl::Status Do(RegisterHandler& command, Changes& changes);
  absl::Status Do(DisconnectHandler& command, Changes& changes);
  absl::Status Do(DrainHandler& command, Changes& changes);
  absl::Status Do(GrantCredits& command, Changes& changes);
  absl::Status Do(ConfirmAttempts& command, Changes& changes);
  absl::Status Do(RenewLeases& command, Changes& changes);
  // Results. In partition_attempts.cc.
  absl::Status Do(CompleteAttempt& command, Changes& changes);
  absl::Status Do(FailAttempt& command, Changes& changes);
  absl::Status Do(DeferAttempt& command, Changes& changes);
  absl::Status Do(EndDeferred& command, Changes& changes);
  absl::Status Do(PublishTaskEvent& command, Changes& changes);
  // The step's attempt is over, or goes on without its handler: takes it from whoever holds it.
  // Returns the actor for the history.
  std::string TakeAttempt(TaskRun& task, StepIndex step);
  // The same for a result that a session sent, which is acknowledged as applied.
  std::string TakeResult(TaskRun& task, StepIndex step, SessionId session,
                         const AttemptToken& token, Changes& changes);
  // Acknowledges a result whose attempt is not current: as what, depends on why.
  absl::Status AcknowledgeLate(SessionId session, const AttemptToken& token, Changes& changes);
  // Whether the events of the step's attempt are those that it may publish; see event_rules.h.
  absl::Status CheckEvents(const TaskRun& task, StepIndex step,
                           const std::vector<PublishedEvent>& events) const;
  // Publishes them; or, if they are not, fails the attempt for it: false.
  bool PublishOrFail(TaskRun& task, StepIndex step, std::vector<PublishedEvent>& events,
                     const Cause& cause, Changes& changes);
  void Publish(const TaskRun& task, StepIndex step, std::vector<PublishedEvent>& events,
               Changes& changes);
  // The attempt ended well; remembers where sticky steps go.
  void Complete(TaskRun& task, StepIndex step, Payload results, const Cause& cause,
                Changes& changes);
  // In partition_timers.cc.
  absl::Status Do(FireTimers& command, Changes& changes);

  // Counts anew what the task takes of memory.
  void Count(TaskRun& task);
  // Adds the timers that follow from what is stored of the step.
  void AddTimers(const TaskRun& task, StepIndex step);

  // The open task of that id, or null.
  TaskRun* Find(const TaskId& id);
  // The task of that id, open or woken, or null.
  TaskRun* FindAny(const TaskId& id);
  // The step that is in the attempt that `token` names; nullopt if none is. `task` may be null.
  static std::optional<StepIndex> CurrentStep(const TaskRun* task, const AttemptToken& token);
  // What to answer to a result whose token is not current.
  static ResultOutcome OutcomeOfLate(const TaskRun* task, const AttemptToken& token);

  // The way of a step. In partition_steps.cc.
  //
  // Each of these may leave further steps ready: Proceed has to follow, once, when the command has
  // done with the task.

  // The step's parents are done: queues it, begins it, skips it or holds it back.
  void MakeReady(TaskRun& task, StepIndex step, Changes& changes);
  // Puts the step into its ready queue by way of `input`, or begins it if the engine runs it.
  void Enqueue(TaskRun& task, StepIndex step, StepInput input, const Cause& cause,
               Changes& changes);
  // Adds the step to those that the command under way says became ready.
  void TellReady(TaskRun& task, StepIndex step, Changes& changes);
  // The first of the task's steps begins.
  void StartTask(TaskRun& task, Changes& changes);
  // The step, in progress, ended well.
  void Succeed(TaskRun& task, StepIndex step, Payload results, const Cause& cause,
               Changes& changes);
  // The attempt failed: plans a retry or gives the step up.
  void FailStep(TaskRun& task, StepIndex step, v1::Failure failure, const Cause& cause,
                Changes& changes);
  // The step failed for good.
  void GiveUp(TaskRun& task, StepIndex step, v1::Failure failure, const Cause& cause,
              Changes& changes);
  void Skip(TaskRun& task, StepIndex step, bool left_out, const Cause& cause, Changes& changes);
  // The step is done: its children lose a parent.
  void CountAsDone(TaskRun& task, StepIndex step);
  // Lets go what has become ready, and ends the task if nothing is left to do.
  void Proceed(TaskRun& task, Changes& changes);
  // Nothing of the task is active or ready. False: compensation has begun.
  bool Finish(TaskRun& task, Changes& changes);
  void EndTask(TaskRun& task, TaskInput input, const Cause& cause, Changes& changes);

  // Steps that the engine runs itself. In partition_flow.cc; Proceed has to follow here, too.
  void Begin(TaskRun& task, StepIndex step, Changes& changes);
  void BeginItems(TaskRun& task, StepIndex step, Changes& changes);
  void BeginWait(TaskRun& task, StepIndex step, Changes& changes);
  void BeginSubTask(TaskRun& task, StepIndex step, Changes& changes);
  void RequestSubTask(TaskRun& task, StepIndex step, Payload context, Changes& changes);
  // Starts as many items as may run.
  void StartItems(TaskRun& task, StepIndex step, Changes& changes);
  // An item is active no more.
  void ItemEnded(TaskRun& task, StepIndex item, Changes& changes);
  void EndItemsIfAllEnded(TaskRun& task, StepIndex step, Changes& changes);
  // Leaves out the branches that a decision did not choose.
  void LeaveOut(TaskRun& task, StepIndex decision, const std::vector<StepIndex>& chosen,
                Changes& changes);
  // Works out again what the items of a restored or repaired step are.
  absl::Status RestoreItems(TaskRun& task, StepIndex step);
  // The steps in reserve that are still to be run, in their order.
  static std::vector<StepIndex> PlanCompensation(const TaskRun& task);
  void BeginCompensation(TaskRun& task, Changes& changes);
  // Tells the steps that run tasks that have ended, up to the topmost.
  void TellParents(Changes& changes);

  // In partition_cancel.cc.
  void CancelNow(TaskRun& task, StepIndex step, const Cause& cause, Changes& changes);
  void CancelStep(TaskRun& task, StepIndex step, const OperatorAct& act, Changes& changes);
  // The open tasks that the task's steps run.
  std::vector<TaskRun*> SubTasksOf(const TaskRun& task);
  void CancelOpenTask(TaskRun& task, const OperatorAct& act, Changes& changes);
  // Takes an attempt from its handler, telling it why; the attempt's token is stale from now on.
  void Recall(TaskRun& task, StepIndex step, std::string_view reason, Changes& changes);

  // In partition_repair.cc.
  absl::Status Repair(TaskRun& task, StepIndex step, RepairStep& command, Changes& changes);
  void Retry(TaskRun& task, StepIndex step, bool afresh, const Cause& cause, Changes& changes);
  void Reopen(TaskRun& task, TaskInput input, const Cause& cause, Changes& changes);
  void ReviveItems(TaskRun& task, StepIndex step, const Cause& cause, Changes& changes);
  absl::Status Rerun(TaskRun& task, StepIndex from, const Cause& cause, Changes& changes);

  // In partition_migration.cc.
  //
  // Takes the task's steps from queues and handlers, and puts them back as they stand now.
  void Detach(TaskRun& task);
  void Attach(TaskRun& task);
  // Applies what `plan` says beside the steps' places.
  void FollowPlan(TaskRun& task, const VersionDiff& diff, const MovePlan& plan, Changes& changes);
  // Lets go what may run on the version that the task has now.
  void GoOn(TaskRun& task, const MovePlan& plan, Changes& changes);

  // In partition_timers.cc.
  void Fire(const StepTimer& timer, Timestamp at, Changes& changes);
  void Fire(const TaskDeadline& timer, Timestamp at, Changes& changes);
  void TimeOut(TaskRun& task, StepIndex step, std::string_view error_class, std::string message,
               Changes& changes);

  // What memory keeps of a task that sleeps. Its entries in the routes stay, and so do its timers.
  struct Sleeper {
    struct Place {
      StepIndex step;
      Route* route;
      Route::Order order;
    };

    // Where its ready steps stand.
    std::vector<Place> places;
    // Timers that were due meanwhile.
    std::vector<Timer> due;
  };

  // Takes the task out of memory.
  void Forget(const TaskId& id);

  // In partition_sleep.cc.
  //
  // Takes up a task: one that sleeps has its timers in the queue.
  absl::Status TakeUp(StoredTask stored, Timestamp now, bool slept);
  // Takes a task that sleeps out of all that was kept of it.
  Sleeper Rouse(const TaskId& id);
  // Whether nothing of the task is anywhere but in its records and queues.
  static bool CanSleep(const TaskRun& task);
  void PutToSleep(const TaskId& id);
  // The route's first step sleeps: wants as many of its tasks as `slots`, and holds the route back
  // until one has come.
  void WantFirstOf(Route& route, std::uint32_t slots);

  // Hands out what can be handed out, as far as the command under way could have made it so.
  // In partition_handlers.cc.
  void Dispatch(Changes& changes);
  void Assign(Route& route, HandlerInstance& instance, Changes& changes);
  // Puts a step that is enqueued into its queue, and its route among the hot ones.
  void Offer(TaskRun& task, StepIndex step);
  // Gives the attempt to `instance` until its lease ends.
  void Hold(HandlerInstance& instance, TaskRun& task, StepIndex step, bool confirmed,
            Timestamp now);
  // Its holder has the step no more.
  void TakeFromHolder(TaskRun& task, StepIndex step);
  // The handler never received the attempt: it is ready again.
  void TakeBack(TaskRun& task, StepIndex step, std::string_view why, Changes& changes);
  Duration LeaseOf(const TaskRun& task, StepIndex step) const;
  void PlanLeaseCheck(HandlerInstance& instance, Timestamp at);
  void CheckLeases(HandlerInstance& instance, Changes& changes);
  // Routes of a template or class whose limit is no longer reached.
  void OfferAgain(Route& route);

  const PartitionSettings settings_;
  const RetryPolicy retry_policy_;
  Draws draws_;
  absl::flat_hash_map<TaskId, std::unique_ptr<TaskRun>> tasks_;
  // The sum of their counted_bytes.
  std::size_t task_memory_ = 0;
  absl::flat_hash_map<TaskId, Sleeper> asleep_;
  Pauses pauses_;
  ReadyQueues queues_;
  HandlerDirectory handlers_{&queues_};
  TimerQueue timers_;

  // Left by the command under way: routes that got a step, sessions that may take one more, tasks
  // that have ended, and those of them that a step runs.
  std::vector<Route*> hot_routes_;
  std::vector<SessionId> freed_sessions_;
  std::vector<TaskId> ended_;
  std::vector<TaskId> ended_sub_tasks_;
  Changes::Scratch scratch_;

  // Taken up or changed since the last Settle; only if tasks may have to sleep.
  std::vector<TaskId> unsettled_;
  // Until they are taken.
  std::vector<TaskId> wanted_;
};

}  // namespace tasker::engine
