// A task as the service shows it.
import { toDate } from "../duration.js";
import type { Failure, Step as StepMessage, Task as TaskMessage } from "../generated/tasker/v1/task.js";
import { parseJson, type JsonValue } from "../json.js";
import { FINISHED, stepStateName, taskStateName, type StepStateName, type TaskStateName } from "../work/states.js";

/** Why an attempt failed. */
export interface FailureSnapshot {
  readonly errorClass: string;
  readonly message: string;
  readonly backtrace: string;
  /** Whether it may have been tried again. */
  readonly retryable: boolean;
  /** Whether it is an outcome that the business knows. */
  readonly business: boolean;
  readonly details: JsonValue | undefined;
}

/** A step as it was when it was asked for. */
export interface StepSnapshot {
  readonly id: string;
  readonly name: string;
  readonly handlerClass: string;
  readonly dependsOn: readonly string[];
  readonly state: StepStateName;
  /** Attempts started so far, and allowed in all. */
  readonly attempts: number;
  readonly retryLimit: number;
  /** Null until it is complete. */
  readonly results: JsonValue;
  readonly lastFailure: FailureSnapshot | undefined;
  readonly startedAt: Date | undefined;
  readonly completedAt: Date | undefined;
  readonly nextRetryAt: Date | undefined;
  /** Whether it waits for `completeStep`. */
  readonly deferred: boolean;
}

/** A task as it was when it was asked for. In lists without context and steps. */
export interface TaskSnapshot {
  readonly id: string;
  readonly name: string;
  readonly namespace: string;
  readonly version: string;
  readonly state: TaskStateName;
  /** Whether it has ended, in whatever way. */
  readonly finished: boolean;
  readonly context: JsonValue;
  readonly initiator: string;
  readonly sourceSystem: string;
  readonly reason: string;
  readonly tags: readonly string[];
  readonly priority: number;
  readonly createdAt: Date | undefined;
  readonly startedAt: Date | undefined;
  readonly completedAt: Date | undefined;
  readonly totalSteps: number;
  readonly completedSteps: number;
  /** Names of the steps that failed for good. */
  readonly failedSteps: readonly string[];
  readonly steps: readonly StepSnapshot[];
  readonly traceparent: string;
  readonly tracestate: string;
}

function jsonOr<Other>(payload: Buffer, other: Other): JsonValue | Other {
  return payload.length === 0 ? other : parseJson(payload);
}

function failureSnapshot(failure: Failure): FailureSnapshot {
  return {
    errorClass: failure.errorClass,
    message: failure.message,
    backtrace: failure.backtrace,
    retryable: failure.retryable ?? true,
    business: failure.business,
    details: jsonOr(failure.details, undefined),
  };
}

function stepSnapshot(step: StepMessage): StepSnapshot {
  return {
    id: step.stepId,
    name: step.name,
    handlerClass: step.handlerClass,
    dependsOn: step.dependsOn,
    state: stepStateName(step.state),
    attempts: step.attempts,
    retryLimit: step.retryLimit,
    results: jsonOr(step.results, null),
    lastFailure: step.lastFailure && failureSnapshot(step.lastFailure),
    startedAt: toDate(step.startedAt),
    completedAt: toDate(step.completedAt),
    nextRetryAt: toDate(step.nextRetryAt),
    deferred: step.deferred,
  };
}

/** The snapshot of a message. */
export function taskSnapshot(task: TaskMessage): TaskSnapshot {
  const state = taskStateName(task.state);
  return {
    id: task.taskId,
    name: task.name,
    namespace: task.namespace,
    version: task.version,
    state,
    finished: FINISHED.has(state),
    context: jsonOr(task.context, {}),
    initiator: task.initiator,
    sourceSystem: task.sourceSystem,
    reason: task.reason,
    tags: task.tags,
    priority: task.priority,
    createdAt: toDate(task.createdAt),
    startedAt: toDate(task.startedAt),
    completedAt: toDate(task.completedAt),
    totalSteps: task.totalSteps,
    completedSteps: task.completedSteps,
    failedSteps: task.failedSteps,
    steps: task.steps.map(stepSnapshot),
    traceparent: task.traceparent,
    tracestate: task.tracestate,
  };
}
