// What calls of the client take beside the obvious, and what they answer.
import type { ConsumerQuery } from "../events/query.js";
import type { AcknowledgementOutcome } from "../generated/tasker/v1/handler_service.js";
import type { JsonValue } from "../json.js";
import type { Logger } from "../logger.js";
import type { CallOptions } from "../rpc.js";
import type { TaskStateName } from "../work/states.js";

/** How a task is to be created. */
export interface CreateTaskOptions extends CallOptions {
  /** Default: `default`. */
  namespace?: string | undefined;
  /** Default: the highest applied. */
  version?: string | undefined;
  /** Who asks, which system, and why. */
  initiator?: string | undefined;
  sourceSystem?: string | undefined;
  reason?: string | undefined;
  /** Free labels, at most 32. */
  tags?: readonly string[] | undefined;
  /** 0 to 9: low is 2, normal 5, high 7, critical 9. Default: as the template says. */
  priority?: number | undefined;
  /** A second request with the same key, namespace and name creates nothing. At most 256 bytes. */
  idempotencyKey?: string | undefined;
  /** Names of steps to leave out. */
  bypassSteps?: readonly string[] | undefined;
  /** W3C Trace Context of the caller; steps get it. */
  traceparent?: string | undefined;
  tracestate?: string | undefined;
}

/** The task as created. */
export interface CreatedTask {
  readonly id: string;
  /** The version chosen. */
  readonly version: string;
  /** True: nothing was created, the task existed already. */
  readonly existing: boolean;
}

/** Which tasks; what is left out matches all. */
export interface TaskFilter {
  namespace?: string | undefined;
  name?: string | undefined;
  version?: string | undefined;
  state?: Exclude<TaskStateName, "unknown"> | undefined;
  /** Tasks a page, 1 to 100. Default: 100. */
  pageSize?: number | undefined;
}

/** Who does it, and why; kept in the task's history. */
export interface OperatorOptions extends CallOptions {
  actor?: string | undefined;
  reason?: string | undefined;
}

/** Which events of a named subscription are consumed, and how. */
export interface ConsumeOptions extends Omit<ConsumerQuery, "subscription"> {
  /** Ends it when aborted, once the event at hand is dealt with. */
  signal?: AbortSignal | undefined;
  /** Is told of broken connections. Default: nobody is. */
  logger?: Logger | undefined;
}

/** A template as it was applied. */
export interface AppliedTemplate {
  readonly name: string;
  readonly namespace: string;
  readonly version: string;
  /** False: exactly this template was there already. */
  readonly created: boolean;
  /** What looks like a mistake but is allowed, a line each. */
  readonly warnings: readonly string[];
}

/** How a deferred step ended. */
export type StepCompletion = { results: JsonValue } | { failure: Error };

/** What became of a result: stored, stored before, or of an attempt that is no longer current. */
export type CompletionOutcome = "applied" | "already_applied" | "stale" | "unknown";

const OUTCOMES: readonly CompletionOutcome[] = ["unknown", "applied", "already_applied", "stale"];

export function completionOutcome(outcome: AcknowledgementOutcome): CompletionOutcome {
  return OUTCOMES[outcome] ?? "unknown";
}
