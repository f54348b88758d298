// The class that task handlers extend.
import type { JsonValue } from "./json.js";
import type { TaskRequest } from "./work/task.js";

/** Looks at each new task of a template (its `task_handler_class`) before any of its steps begins. */
export class TaskHandler {
  /**
   * Throws to refuse the task: it ends in error with the class and message of what was thrown. A `RetryableError`
   * does not refuse it, but is tried again.
   */
  validateTaskRequest(_request: TaskRequest): void | Promise<void> {}

  /** Gives the context that the task has from then on. By default the one that it was asked for with. */
  initializeTaskContext(request: TaskRequest): JsonValue | Promise<JsonValue> {
    return request.context;
  }
}
