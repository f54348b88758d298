// Which changes of a step's state are legal: one table, and nothing else decides it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tasker::engine {

// Where a step stands. Numbered as tasker.v1.StepState; the numbers are stored.
enum class StepState : std::uint8_t {
  // Waits for steps it depends on.
  kPending = 1,
  // Ready; waits for a handler with a free slot, or for its task to be resumed.
  kEnqueued = 2,
  // Handed to a handler; or a wait, a sub-task or the items of a `for_each` have begun.
  kInProgress = 3,
  // Failed, and will be tried again.
  kWaitingForRetry = 4,
  kComplete = 5,
  // Failed for good.
  kError = 6,
  kCancelled = 7,
  // Left out: by a decision, by its condition, or by a person.
  kSkipped = 8,
  // Declared done by an operator.
  kResolvedManually = 9,
};

// What can happen to a step.
enum class StepInput : std::uint8_t {
  // Everything that it depends on is done.
  kReady,
  // It is handed to a handler, or the engine itself begins it.
  kAssign,
  // The handler never received it.
  kUndelivered,
  kSucceed,
  // The attempt failed, and another is left.
  kFailRetryable,
  // The attempt failed, and none is left.
  kFailFinal,
  // The backoff is over.
  kRetryDue,
  // An operator wants it tried again.
  kOperatorRetry,
  // An operator gives its results.
  kOperatorResolve,
  kSkip,
  kCancel,
  // An operator wants the task to run again from here, or from a step before it.
  kRerun,
  // The task moves to another version of its template, in which the step, that has not begun, is to
  // be made ready anew, or is no more.
  kPlanAnew,
};

// A legal change.
struct StepTransition {
  StepState from;
  StepInput input;
  StepState to;
};

// Every legal change, each pair of state and input at most once.
std::span<const StepTransition> StepTransitions();

// The states from which `input` is legal, as in `error or cancelled`: for messages.
std::string StatesAllowing(StepInput input);

// The state that `input` leads to from `from`; nullopt if it is not legal there.
std::optional<StepState> NextState(StepState from, StepInput input);

// Whether steps that depend on it may go on: complete, skipped or resolved by hand.
bool IsDone(StepState state);

// The state's name, as in `waiting_for_retry`.
std::string_view NameOf(StepState state);

// The same in the terms of the Rails engine, which has no finer states: enqueued steps are
// `pending`, skipped ones `resolved_manually`, and a step that waits for its retry is in `error`.
std::string_view ClassicNameOf(StepState state);

// The input's name, as in `retry_due`.
std::string_view NameOf(StepInput input);

}  // namespace tasker::engine
