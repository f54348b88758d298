// The engine: a state machine that takes commands and hands back what has to be stored and sent.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"

#include "engine/command.h"
#include "engine/effects.h"
#include "engine/model/draws.h"
#include "engine/model/ids.h"
#include "engine/model/time.h"
#include "engine/scheduling/handler_directory.h"
#include "engine/scheduling/ready_queues.h"
#include "engine/scheduling/retry_policy.h"
#include "engine/scheduling/timer_queue.h"
#include "engine/tasks/changes.h"
#include "engine/tasks/record_codec.h"
#include "engine/tasks/task_run.h"

namespace tasker::engine {

// What a partition is told once.
struct PartitionSettings {
  // How long an attempt is kept for a handler that gives no sign of life.
  Duration lease = std::chrono::seconds(30);
  // How failed attempts are spaced.
  RetryCurve retry;
};

// The error class of an attempt whose lease ended.
inline constexpr std::string_view kHandlerLost = "Tasker::HandlerLost";

// The open tasks of a range of slots, the handlers that do their steps, and everything that decides
// what runs next.
//
// Pure: equal settings, seed, commands and times give equal effects. The caller makes the effects
// of each command durable, in the order of the commands, before it lets any of them out; it may
// apply further commands meanwhile. Not safe for concurrent use.
class Partition {
 public:
  // `seed` decides the attempts' nonces and the retries' jitter; never use one twice.
  Partition(PartitionSettings settings, std::uint64_t seed);

  // Takes up an open task as it was stored, before the first Apply. Attempts that were under way
  // get a new lease: their handlers may still be at work, and will connect again.
  // Error: DATA_LOSS if record and template do not fit each other; the task is then left out.
  absl::Status Restore(StoredTask stored, Timestamp now);

  // Does what `command` asks and appends everything that follows from it to `effects`. Times must
  // not go back from call to call. Returns what the one who asked is to be told once the effects
  // are durable: OK, or the error that the command's comment names, with nothing changed.
  //
  // Time: proportional to what changes: a result costs its own step and its children.
  absl::Status Apply(Command command, Timestamp now, Effects& effects);

  // When FireTimers should be given next; nullopt: not before another command came.
  std::optional<Timestamp> NextTimer() const { return timers_.Next(); }

  // How many attempts the handler of `session` holds; 0 if the session is not known.
  std::uint32_t InFlightOf(SessionId session) const;

  // How many tasks are open.
  std::size_t open_tasks() const { return tasks_.size(); }

 private:
  // Commands. In partition.cc.
  absl::Status Do(CreateTask& command, Changes& changes);
  absl::Status Do(CancelTask& command, Changes& changes);
  absl::Status Do(CompleteAttempt& command, Changes& changes);
  absl::Status Do(FailAttempt& command, Changes& changes);
  absl::Status Do(FireTimers& command, Changes& changes);

  // Commands of handlers' sessions. In partition_handlers.cc.
  absl::Status Do(RegisterHandler& command, Changes& changes);
  absl::Status Do(DisconnectHandler& command, Changes& changes);
  absl::Status Do(DrainHandler& command, Changes& changes);
  absl::Status Do(RenewLeases& command, Changes& changes);

  // The open task that `token` names, or null.
  TaskRun* Find(const TaskId& id);
  // Whether `token` names the attempt that its step is in now. `task` may be null.
  static bool IsCurrent(const TaskRun* task, const AttemptToken& token);
  // What to answer to a result whose token is not current.
  static ResultOutcome OutcomeOfLate(const TaskRun* task, const AttemptToken& token);

  // The step's parents are done: queues it, or holds it back if its task runs one at a time.
  void MakeReady(TaskRun& task, StepIndex step, Changes& changes);
  // Puts the step into its ready queue by way of `input`.
  void Enqueue(TaskRun& task, StepIndex step, StepInput input, const Cause& cause,
               Changes& changes);
  // The step, in progress, failed: plans a retry or gives it up.
  void FailStep(TaskRun& task, StepIndex step, v1::Failure failure, const Cause& cause,
                Changes& changes);
  // From now on the newest attempt's token is stale.
  static void Fence(StepRun& run) { run.nonce = 0; }
  // Its holder has the step no more.
  void TakeFromHolder(TaskRun& task, StepIndex step);
  // A step has ended: lets a held back one go, or ends the task if none is left.
  void Settle(TaskRun& task, Changes& changes);
  void EndTask(TaskRun& task, TaskInput input, const Cause& cause, Changes& changes);

  // Hands out what can be handed out, as far as the command under way could have made it so.
  // In partition_handlers.cc.
  void Dispatch(Changes& changes);
  void DispatchTo(HandlerInstance& instance, Changes& changes);
  void Assign(Route& route, HandlerInstance& instance, Changes& changes);
  // Gives the attempt to `instance` until its lease ends.
  void Hold(HandlerInstance& instance, TaskRun& task, StepIndex step, Timestamp now);
  void PlanLeaseCheck(HandlerInstance& instance, Timestamp at);
  void CheckLeases(HandlerInstance& instance, Changes& changes);

  const PartitionSettings settings_;
  const RetryPolicy retry_policy_;
  Draws draws_;
  absl::flat_hash_map<TaskId, std::unique_ptr<TaskRun>> tasks_;
  ReadyQueues queues_;
  HandlerDirectory handlers_{&queues_};
  TimerQueue timers_;

  // Left by the command under way: routes that got a step, sessions that may take one more, and
  // tasks that have ended.
  std::vector<Route*> hot_routes_;
  std::vector<SessionId> freed_sessions_;
  std::vector<TaskId> ended_;
};

}  // namespace tasker::engine
