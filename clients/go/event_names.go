// Code made by config/events/generate of config/events/catalog.yaml; DO NOT EDIT.

package tasker

// Names of the service's own events, for filters and for telling them apart; docs/events.md says when each is
// fired and what its payload has.
const (
	// EventTaskInitializeRequested: a task was created.
	EventTaskInitializeRequested = "task.initialize_requested"
	// EventTaskStartRequested: work on a task begins.
	EventTaskStartRequested = "task.start_requested"
	// EventTaskCompleted: a task is done.
	EventTaskCompleted = "task.completed"
	// EventTaskFailed: a task cannot go on without an operator.
	EventTaskFailed = "task.failed"
	// EventTaskRetryRequested: a finished task goes on.
	EventTaskRetryRequested = "task.retry_requested"
	// EventTaskCancelled: a task was stopped.
	EventTaskCancelled = "task.cancelled"
	// EventTaskResolvedManually: an operator declared a failed task done.
	EventTaskResolvedManually = "task.resolved_manually"
	// EventTaskMigrated: a task runs on another version of its template now.
	EventTaskMigrated = "task.migrated"
	// EventStepExecutionRequested: an attempt of a step begins.
	EventStepExecutionRequested = "step.execution_requested"
	// EventStepCompleted: a step is done.
	EventStepCompleted = "step.completed"
	// EventStepFailed: an attempt of a step failed.
	EventStepFailed = "step.failed"
	// EventStepRetryRequested: a step is to be tried again.
	EventStepRetryRequested = "step.retry_requested"
	// EventStepCancelled: a step was stopped, and will not run.
	EventStepCancelled = "step.cancelled"
	// EventStepResolvedManually: an operator declared a step done.
	EventStepResolvedManually = "step.resolved_manually"
	// EventWorkflowTaskStarted: work on a task begins; the Rails engine's name for the orchestrator's view of it.
	EventWorkflowTaskStarted = "workflow.task_started"
	// EventWorkflowTaskCompleted: a task is done; the Rails engine's name for the orchestrator's view of it.
	EventWorkflowTaskCompleted = "workflow.task_completed"
	// EventWorkflowTaskFailed: a task cannot go on without an operator; the Rails engine's name for the orchestrator's view of it.
	EventWorkflowTaskFailed = "workflow.task_failed"
	// EventWorkflowStepCompleted: a step is done; the Rails engine's name for the orchestrator's view of it.
	EventWorkflowStepCompleted = "workflow.step_completed"
	// EventWorkflowStepFailed: an attempt of a step failed; the Rails engine's name for the orchestrator's view of it.
	EventWorkflowStepFailed = "workflow.step_failed"
	// EventWorkflowViableStepsDiscovered: steps of a task may run now.
	EventWorkflowViableStepsDiscovered = "workflow.viable_steps_discovered"
	// EventObservabilityStepBackoff: a failed step waits before it is tried again.
	EventObservabilityStepBackoff = "observability.step.backoff"
	// EventObservabilityStepSkip: a step is left out, and counts as done.
	EventObservabilityStepSkip = "observability.step.skip"
	// EventObservabilityStepMaxRetriesReached: a step has spent its attempts.
	EventObservabilityStepMaxRetriesReached = "observability.step.max_retries_reached"
	// EventHandlerRegistered: a handler connected, and serves a class.
	EventHandlerRegistered = "handler.registered"
	// EventHandlerUnregistered: a handler no longer serves a class.
	EventHandlerUnregistered = "handler.unregistered"
	// EventHandlerValidationFailed: a handler's registration was refused.
	EventHandlerValidationFailed = "handler.validation_failed"
	// EventSubscriberRegistered: a named subscription was made.
	EventSubscriberRegistered = "subscriber.registered"
	// EventSubscriberUnregistered: a named subscription was deleted.
	EventSubscriberUnregistered = "subscriber.unregistered"
	// EventSubscriberValidationFailed: a named subscription was refused.
	EventSubscriberValidationFailed = "subscriber.validation_failed"
	// EventCustomStepCompleted: what a handler says of a step that it has done; the fields are its own.
	EventCustomStepCompleted = "custom.step_completed"
)

// eventAliases are the names that the Rails engine's guide has for events, by the service's own.
var eventAliases = map[string]string{
	"task.start_requested":     "task.started",
	"step.execution_requested": "step.started",
}
