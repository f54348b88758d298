// Names of the service's own events, for filters and for telling them apart. docs/events.md says
// when each is fired and what its payload has.
// Made by config/events/generate of config/events/catalog.yaml.
#pragma once

namespace tasker::events {

// A task was created.
inline constexpr char kTaskInitializeRequested[] = "task.initialize_requested";
// Work on a task begins.
inline constexpr char kTaskStartRequested[] = "task.start_requested";
// A task is done.
inline constexpr char kTaskCompleted[] = "task.completed";
// A task cannot go on without an operator.
inline constexpr char kTaskFailed[] = "task.failed";
// A finished task goes on.
inline constexpr char kTaskRetryRequested[] = "task.retry_requested";
// A task was stopped.
inline constexpr char kTaskCancelled[] = "task.cancelled";
// An operator declared a failed task done.
inline constexpr char kTaskResolvedManually[] = "task.resolved_manually";
// A task runs on another version of its template now.
inline constexpr char kTaskMigrated[] = "task.migrated";
// An attempt of a step begins.
inline constexpr char kStepExecutionRequested[] = "step.execution_requested";
// A step is done.
inline constexpr char kStepCompleted[] = "step.completed";
// An attempt of a step failed.
inline constexpr char kStepFailed[] = "step.failed";
// A step is to be tried again.
inline constexpr char kStepRetryRequested[] = "step.retry_requested";
// A step was stopped, and will not run.
inline constexpr char kStepCancelled[] = "step.cancelled";
// An operator declared a step done.
inline constexpr char kStepResolvedManually[] = "step.resolved_manually";
// Work on a task begins; the Rails engine's name for the orchestrator's view of it.
inline constexpr char kWorkflowTaskStarted[] = "workflow.task_started";
// A task is done; the Rails engine's name for the orchestrator's view of it.
inline constexpr char kWorkflowTaskCompleted[] = "workflow.task_completed";
// A task cannot go on without an operator; the Rails engine's name for the orchestrator's view of
// it.
inline constexpr char kWorkflowTaskFailed[] = "workflow.task_failed";
// A step is done; the Rails engine's name for the orchestrator's view of it.
inline constexpr char kWorkflowStepCompleted[] = "workflow.step_completed";
// An attempt of a step failed; the Rails engine's name for the orchestrator's view of it.
inline constexpr char kWorkflowStepFailed[] = "workflow.step_failed";
// Steps of a task may run now.
inline constexpr char kWorkflowViableStepsDiscovered[] = "workflow.viable_steps_discovered";
// A failed step waits before it is tried again.
inline constexpr char kObservabilityStepBackoff[] = "observability.step.backoff";
// A step is left out, and counts as done.
inline constexpr char kObservabilityStepSkip[] = "observability.step.skip";
// A step has spent its attempts.
inline constexpr char kObservabilityStepMaxRetriesReached[] =
    "observability.step.max_retries_reached";
// A handler connected, and serves a class.
inline constexpr char kHandlerRegistered[] = "handler.registered";
// A handler no longer serves a class.
inline constexpr char kHandlerUnregistered[] = "handler.unregistered";
// A handler's registration was refused.
inline constexpr char kHandlerValidationFailed[] = "handler.validation_failed";
// A named subscription was made.
inline constexpr char kSubscriberRegistered[] = "subscriber.registered";
// A named subscription was deleted.
inline constexpr char kSubscriberUnregistered[] = "subscriber.unregistered";
// A named subscription was refused.
inline constexpr char kSubscriberValidationFailed[] = "subscriber.validation_failed";
// What a handler says of a step that it has done; the fields are its own.
inline constexpr char kCustomStepCompleted[] = "custom.step_completed";

}  // namespace tasker::events
