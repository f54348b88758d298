"""Names of the service's own events, for filters and for telling them apart: `events.STEP_COMPLETED`.

docs/events.md says when each is fired and what its payload has.
Made by config/events/generate of config/events/catalog.yaml.
"""

#: A task was created.
TASK_INITIALIZE_REQUESTED = "task.initialize_requested"
#: Work on a task begins.
TASK_START_REQUESTED = "task.start_requested"
#: A task is done.
TASK_COMPLETED = "task.completed"
#: A task cannot go on without an operator.
TASK_FAILED = "task.failed"
#: A finished task goes on.
TASK_RETRY_REQUESTED = "task.retry_requested"
#: A task was stopped.
TASK_CANCELLED = "task.cancelled"
#: An operator declared a failed task done.
TASK_RESOLVED_MANUALLY = "task.resolved_manually"
#: A task runs on another version of its template now.
TASK_MIGRATED = "task.migrated"
#: An attempt of a step begins.
STEP_EXECUTION_REQUESTED = "step.execution_requested"
#: A step is done.
STEP_COMPLETED = "step.completed"
#: An attempt of a step failed.
STEP_FAILED = "step.failed"
#: A step is to be tried again.
STEP_RETRY_REQUESTED = "step.retry_requested"
#: A step was stopped, and will not run.
STEP_CANCELLED = "step.cancelled"
#: An operator declared a step done.
STEP_RESOLVED_MANUALLY = "step.resolved_manually"
#: Work on a task begins; the Rails engine's name for the orchestrator's view of it.
WORKFLOW_TASK_STARTED = "workflow.task_started"
#: A task is done; the Rails engine's name for the orchestrator's view of it.
WORKFLOW_TASK_COMPLETED = "workflow.task_completed"
#: A task cannot go on without an operator; the Rails engine's name for the orchestrator's view of it.
WORKFLOW_TASK_FAILED = "workflow.task_failed"
#: A step is done; the Rails engine's name for the orchestrator's view of it.
WORKFLOW_STEP_COMPLETED = "workflow.step_completed"
#: An attempt of a step failed; the Rails engine's name for the orchestrator's view of it.
WORKFLOW_STEP_FAILED = "workflow.step_failed"
#: Steps of a task may run now.
WORKFLOW_VIABLE_STEPS_DISCOVERED = "workflow.viable_steps_discovered"
#: A failed step waits before it is tried again.
OBSERVABILITY_STEP_BACKOFF = "observability.step.backoff"
#: A step is left out, and counts as done.
OBSERVABILITY_STEP_SKIP = "observability.step.skip"
#: A step has spent its attempts.
OBSERVABILITY_STEP_MAX_RETRIES_REACHED = "observability.step.max_retries_reached"
#: A handler connected, and serves a class.
HANDLER_REGISTERED = "handler.registered"
#: A handler no longer serves a class.
HANDLER_UNREGISTERED = "handler.unregistered"
#: A handler's registration was refused.
HANDLER_VALIDATION_FAILED = "handler.validation_failed"
#: A named subscription was made.
SUBSCRIBER_REGISTERED = "subscriber.registered"
#: A named subscription was deleted.
SUBSCRIBER_UNREGISTERED = "subscriber.unregistered"
#: A named subscription was refused.
SUBSCRIBER_VALIDATION_FAILED = "subscriber.validation_failed"
#: What a handler says of a step that it has done; the fields are its own.
CUSTOM_STEP_COMPLETED = "custom.step_completed"

#: Names that the Rails engine's guide has for events, by the service's own.
ALIASES = {"task.start_requested": "task.started", "step.execution_requested": "step.started"}
