// Names of the events that are stored.
// Made by config/events/generate of config/events/catalog.yaml.
#pragma once

namespace tasker::engine::event_names {

inline constexpr char kTaskInitializeRequested[] = "task.initialize_requested";
inline constexpr char kTaskStartRequested[] = "task.start_requested";
inline constexpr char kTaskCompleted[] = "task.completed";
inline constexpr char kTaskFailed[] = "task.failed";
inline constexpr char kTaskRetryRequested[] = "task.retry_requested";
inline constexpr char kTaskCancelled[] = "task.cancelled";
inline constexpr char kTaskResolvedManually[] = "task.resolved_manually";
inline constexpr char kTaskMigrated[] = "task.migrated";
inline constexpr char kStepExecutionRequested[] = "step.execution_requested";
inline constexpr char kStepCompleted[] = "step.completed";
inline constexpr char kStepFailed[] = "step.failed";
inline constexpr char kStepRetryRequested[] = "step.retry_requested";
inline constexpr char kStepCancelled[] = "step.cancelled";
inline constexpr char kStepResolvedManually[] = "step.resolved_manually";
inline constexpr char kWorkflowViableStepsDiscovered[] = "workflow.viable_steps_discovered";
inline constexpr char kStepBackoff[] = "observability.step.backoff";
inline constexpr char kStepSkip[] = "observability.step.skip";
inline constexpr char kStepMaxRetriesReached[] = "observability.step.max_retries_reached";
inline constexpr char kHandlerRegistered[] = "handler.registered";
inline constexpr char kHandlerUnregistered[] = "handler.unregistered";
inline constexpr char kHandlerValidationFailed[] = "handler.validation_failed";
inline constexpr char kSubscriberRegistered[] = "subscriber.registered";
inline constexpr char kSubscriberUnregistered[] = "subscriber.unregistered";
inline constexpr char kSubscriberValidationFailed[] = "subscriber.validation_failed";
inline constexpr char kCustomStepCompleted[] = "custom.step_completed";

}  // namespace tasker::engine::event_names
