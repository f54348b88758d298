// The package's face: everything that handlers, subscribers and callers need.
export type { AccessToken, ConnectionOptions, TlsOptions } from "./connection.js";
export { DEFAULT_ADDRESS } from "./connection.js";
export { BusinessError, PermanentError, RetryableError, StepCancelled, TaskerError } from "./errors.js";
export type { JsonValue } from "./json.js";
export { parseJson, stringifyJson } from "./json.js";
export { jsonLogger, silentLogger, type Logger } from "./logger.js";
export { StepHandler } from "./step_handler.js";
export { TaskHandler } from "./task_handler.js";
export { Sequence } from "./work/sequence.js";
export type { StepStateName, TaskStateName } from "./work/states.js";
export { Step, StepView } from "./work/step.js";
export { Task, type TaskRequest } from "./work/task.js";
export type { StepInfo, StepOutcome, WorkerMetrics } from "./worker/metrics.js";
export type { RegistrationOptions } from "./worker/registry.js";
export { Worker, type RunOptions, type StepHandlerSource, type WorkerOptions } from "./worker/worker.js";
