// Names of the service's own events, for filters and for telling them apart; docs/events.md says when
// each is fired and what its payload has.
// Made by config/events/generate of config/events/catalog.yaml.

export const EventNames = {
  /** A task was created. */
  TaskInitializeRequested: "task.initialize_requested",
  /** Work on a task begins. */
  TaskStartRequested: "task.start_requested",
  /** A task is done. */
  TaskCompleted: "task.completed",
  /** A task cannot go on without an operator. */
  TaskFailed: "task.failed",
  /** A finished task goes on. */
  TaskRetryRequested: "task.retry_requested",
  /** A task was stopped. */
  TaskCancelled: "task.cancelled",
  /** An operator declared a failed task done. */
  TaskResolvedManually: "task.resolved_manually",
  /** A task runs on another version of its template now. */
  TaskMigrated: "task.migrated",
  /** An attempt of a step begins. */
  StepExecutionRequested: "step.execution_requested",
  /** A step is done. */
  StepCompleted: "step.completed",
  /** An attempt of a step failed. */
  StepFailed: "step.failed",
  /** A step is to be tried again. */
  StepRetryRequested: "step.retry_requested",
  /** A step was stopped, and will not run. */
  StepCancelled: "step.cancelled",
  /** An operator declared a step done. */
  StepResolvedManually: "step.resolved_manually",
  /** Work on a task begins; the Rails engine's name for the orchestrator's view of it. */
  WorkflowTaskStarted: "workflow.task_started",
  /** A task is done; the Rails engine's name for the orchestrator's view of it. */
  WorkflowTaskCompleted: "workflow.task_completed",
  /** A task cannot go on without an operator; the Rails engine's name for the orchestrator's view of it. */
  WorkflowTaskFailed: "workflow.task_failed",
  /** A step is done; the Rails engine's name for the orchestrator's view of it. */
  WorkflowStepCompleted: "workflow.step_completed",
  /** An attempt of a step failed; the Rails engine's name for the orchestrator's view of it. */
  WorkflowStepFailed: "workflow.step_failed",
  /** Steps of a task may run now. */
  WorkflowViableStepsDiscovered: "workflow.viable_steps_discovered",
  /** A failed step waits before it is tried again. */
  ObservabilityStepBackoff: "observability.step.backoff",
  /** A step is left out, and counts as done. */
  ObservabilityStepSkip: "observability.step.skip",
  /** A step has spent its attempts. */
  ObservabilityStepMaxRetriesReached: "observability.step.max_retries_reached",
  /** A handler connected, and serves a class. */
  HandlerRegistered: "handler.registered",
  /** A handler no longer serves a class. */
  HandlerUnregistered: "handler.unregistered",
  /** A handler's registration was refused. */
  HandlerValidationFailed: "handler.validation_failed",
  /** A named subscription was made. */
  SubscriberRegistered: "subscriber.registered",
  /** A named subscription was deleted. */
  SubscriberUnregistered: "subscriber.unregistered",
  /** A named subscription was refused. */
  SubscriberValidationFailed: "subscriber.validation_failed",
  /** What a handler says of a step that it has done; the fields are its own. */
  CustomStepCompleted: "custom.step_completed",
} as const;

/** One of the service's own events' names. */
export type EventName = (typeof EventNames)[keyof typeof EventNames];

/** Names that the Rails engine's guide has for events, by the service's own. */
export const EVENT_ALIASES: Readonly<Record<string, string>> = {
  "task.start_requested": "task.started",
  "step.execution_requested": "step.started",
};
