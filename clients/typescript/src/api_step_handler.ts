// Steps that are calls of an HTTP API.
import { httpConfigFrom } from "./http/http_config.js";
import { HttpConnection } from "./http/http_connection.js";
import type { JsonValue } from "./json.js";
import { StepHandler } from "./step_handler.js";
import type { Sequence } from "./work/sequence.js";
import type { Step } from "./work/step.js";
import type { Task } from "./work/task.js";

/**
 * Calls an HTTP API as the step's `handler_config` says: `url`, `method`, `params`, `headers`, `body` (or `payload`),
 * `ssl`, `timeout`, `retries`, `retry_delay`, `enable_exponential_backoff`. As it is, it makes the configured request,
 * and its results are `{status, headers, body}`. Override `process` to make other calls with `this.connection(step)`.
 */
export class ApiStepHandler extends StepHandler {
  override process(_task: Task, _sequence: Sequence, step: Step): JsonValue | Promise<JsonValue> {
    return this.connection(step).configured();
  }

  /** Calls for this attempt, set up by its `handler_config`. Throws a PermanentError if that makes no sense. */
  protected connection(step: Step): HttpConnection {
    return new HttpConnection(httpConfigFrom(step.handlerConfig), step);
  }
}
