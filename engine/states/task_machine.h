// Which changes of a task's state are legal: one table, and nothing else decides it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tasker::engine {

// Where a task stands. Numbered as tasker.v1.TaskState; the numbers are stored.
enum class TaskState : std::uint8_t {
  // None of its steps has been handed out yet.
  kPending = 1,
  kInProgress = 2,
  kComplete = 3,
  // A step failed for good, and everything that did not depend on it has ended.
  kError = 4,
  kCancelled = 5,
  // Declared done by an operator.
  kResolvedManually = 6,
};

// What can happen to a task.
enum class TaskInput : std::uint8_t {
  // Its first step is handed out, or there is none.
  kStart,
  // Its last step is done.
  kFinish,
  // Nothing is left that could run, and something failed.
  kFail,
  // An operator repairs a step of it.
  kOperatorRetry,
  // An operator declares it done.
  kOperatorResolve,
  kCancel,
  // An operator wants it to run again from one of its steps.
  kRerun,
};

// A legal change.
struct TaskTransition {
  TaskState from;
  TaskInput input;
  TaskState to;
};

// Every legal change, each pair of state and input at most once.
std::span<const TaskTransition> TaskTransitions();

// The states from which `input` is legal, as in `error or cancelled`: for messages.
std::string StatesAllowing(TaskInput input);

// The state that `input` leads to from `from`; nullopt if it is not legal there.
std::optional<TaskState> NextState(TaskState from, TaskInput input);

// Whether the task goes on by itself: pending or in progress.
bool IsOpen(TaskState state);

// The state's name, as in `in_progress`; the same as in the Rails engine.
std::string_view NameOf(TaskState state);

// The input's name, as in `operator_retry`.
std::string_view NameOf(TaskInput input);

}  // namespace tasker::engine
