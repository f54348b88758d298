// The package's face: everything that handlers, subscribers and callers need.
export { ApiStepHandler } from "./api_step_handler.js";
export { Client } from "./client/client.js";
export type {
  AppliedTemplate,
  CompletionOutcome,
  ConsumeOptions,
  CreatedTask,
  CreateTaskOptions,
  OperatorOptions,
  StepCompletion,
  TaskFilter,
} from "./client/requests.js";
export type { FailureSnapshot, StepSnapshot, TaskSnapshot } from "./client/task_snapshot.js";
export type { AccessToken, ConnectionOptions, TlsOptions } from "./connection.js";
export { DEFAULT_ADDRESS } from "./connection.js";
export { BusinessError, PermanentError, RetryableError, StepCancelled, TaskerError } from "./errors.js";
export { FileCursorStore, MemoryCursorStore, type CursorStore } from "./events/cursor_store.js";
export { safeGet, type TaskerEvent } from "./events/event.js";
export { EventNames, type EventName } from "./events/names.js";
export type { EventQuery, Start } from "./events/query.js";
export { Subscriber, type SubscriberOptions } from "./events/subscriber.js";
export { HttpConnection, type HttpRequest, type HttpResponse } from "./http/http_connection.js";
export type { HttpConfig } from "./http/http_config.js";
export type { JsonValue } from "./json.js";
export { parseJson, stringifyJson } from "./json.js";
export { jsonLogger, silentLogger, type Logger } from "./logger.js";
export type { CallOptions } from "./rpc.js";
export { StepHandler } from "./step_handler.js";
export { TaskHandler } from "./task_handler.js";
export { Sequence } from "./work/sequence.js";
export type { StepStateName, TaskStateName } from "./work/states.js";
export { Step, StepView } from "./work/step.js";
export { Task, type TaskRequest } from "./work/task.js";
export type { StepInfo, StepOutcome, WorkerMetrics } from "./worker/metrics.js";
export type { RegistrationOptions } from "./worker/registry.js";
export { Worker, type RunOptions, type StepHandlerSource, type WorkerOptions } from "./worker/worker.js";
