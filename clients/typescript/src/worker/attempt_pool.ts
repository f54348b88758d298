// All attempts that a worker holds, over all of its streams.
import { Connection, type ConnectionOptions } from "../connection.js";
import { messageOf } from "../errors.js";
import type { Registered, StepResult } from "../generated/tasker/v1/handler_service.js";
import { GetTaskRequest, TaskServiceService } from "../generated/tasker/v1/task_service.js";
import type { Logger } from "../logger.js";
import { Rpc } from "../rpc.js";
import type { StepHandler } from "../step_handler.js";
import type { TaskHandler } from "../task_handler.js";
import { storedStepFrom } from "../work/from_proto.js";
import type { StepView } from "../work/step.js";
import type { Attempt } from "./attempt.js";
import { execute, type ExecutionContext } from "./executor.js";
import type { StepInfo, StepOutcome, WorkerMetrics } from "./metrics.js";
import { failureOf } from "./outcome.js";
import type { Registry } from "./registry.js";
import type { Session, SessionHost } from "./session.js";

/** What the pool needs of its worker. */
export interface PoolSettings {
  readonly concurrency: number;
  readonly connection: ConnectionOptions;
  readonly logger: Logger;
  readonly metrics: WorkerMetrics;
  readonly handlers: Registry<StepHandler>;
  readonly taskHandlers: Registry<TaskHandler>;
  /** The stream that there is. */
  session(): Session | undefined;
  stopping(): boolean;
  currentToken(): Promise<string | undefined>;
  connected(): void;
}

export class AttemptPool implements SessionHost, ExecutionContext {
  readonly held = new Map<string, Attempt>();
  readonly concurrency: number;
  readonly logger: Logger;
  readonly handlers: Registry<StepHandler>;
  readonly taskHandlers: Registry<TaskHandler>;
  payloadBytesMax = 0;
  readonly #settings: PoolSettings;
  // Attempts for which there is no room yet, the oldest first. The engine hands out no more than there is room for,
  // unless an attempt that it has given up still works here.
  readonly #waiting = new Set<Attempt>();
  #working = 0;
  // For what steps ask of the service beside the stream; opened when one does.
  readonly #rpc: Rpc;

  constructor(settings: PoolSettings) {
    this.#settings = settings;
    this.concurrency = settings.concurrency;
    this.logger = settings.logger;
    this.handlers = settings.handlers;
    this.taskHandlers = settings.taskHandlers;
    this.#rpc = new Rpc(new Connection(settings.connection));
  }

  get stopping(): boolean {
    return this.#settings.stopping();
  }

  currentToken(): Promise<string | undefined> {
    return this.#settings.currentToken();
  }

  registered(_session: Session, registered: Registered): void {
    this.payloadBytesMax = Number(registered.payloadBytesMax);
    this.#settings.connected();
  }

  reported(attempt: Attempt): void {
    if (this.held.get(attempt.key) === attempt) {
      this.#settings.session()?.sendReports(attempt);
    }
  }

  begin(attempts: Attempt[]): void {
    for (const attempt of attempts) {
      this.#waiting.add(attempt);
    }
    // In a turn of its own: the confirmation leaves before work that blocks the event loop can hold it up.
    setImmediate(() => this.#beginWaiting());
  }

  cancel(attempt: Attempt, reason: string): void {
    attempt.step.cancel(reason);
    if (this.#waiting.delete(attempt)) {
      // Its work never began.
      this.#finish(attempt, failureOf(attempt.token, attempt.step.signal.reason, true));
    }
  }

  async fetchSteps(taskId: string, signal: AbortSignal): Promise<StepView[]> {
    const { task } = await this.#rpc.read(TaskServiceService.getTask, GetTaskRequest.create({ taskId }), { signal });
    return (task?.steps ?? []).map(storedStepFrom);
  }

  /** Cancels the work on all that is held. */
  cancelAll(reason: string): void {
    for (const attempt of this.held.values()) {
      this.cancel(attempt, reason);
    }
  }

  /** Ends everything. What is still held is left to the engine. */
  close(): void {
    this.cancelAll("the worker has ended");
    this.held.clear();
    this.#rpc.connection.close();
  }

  /** Calls a metrics hook, whose errors are no concern of the work. */
  metric(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.logger.error({ error: messageOf(error) }, "a metrics hook failed");
    }
  }

  #beginWaiting(): void {
    for (const attempt of this.#waiting) {
      if (this.#working >= this.concurrency) {
        return;
      }
      this.#waiting.delete(attempt);
      if (this.held.get(attempt.key) === attempt) {
        this.#working++;
        void this.#work(attempt);
      }
    }
  }

  async #work(attempt: Attempt): Promise<void> {
    const { metrics } = this.#settings;
    const info = metrics.stepStarted || metrics.stepFinished ? infoOf(attempt) : undefined;
    const begunAt = performance.now();
    if (info !== undefined && metrics.stepStarted) {
      this.metric(() => metrics.stepStarted?.(info));
    }
    const result = await execute(attempt, this);
    if (info !== undefined && metrics.stepFinished) {
      const seconds = (performance.now() - begunAt) / 1000;
      this.metric(() => metrics.stepFinished?.(info, outcomeOf(result), seconds));
    }
    this.#working--;
    this.#finish(attempt, result);
    if (this.#waiting.size > 0) {
      this.#beginWaiting();
    }
  }

  #finish(attempt: Attempt, result: StepResult): void {
    this.#logFailure(attempt, result);
    // One that was superseded meanwhile has nobody to tell.
    if (this.held.get(attempt.key) === attempt) {
      attempt.result = result;
      this.#settings.session()?.sendResult(attempt);
    }
  }

  #logFailure(attempt: Attempt, result: StepResult): void {
    if (result.outcome?.$case === "failure") {
      const { errorClass, message } = result.outcome.value;
      const { taskId, stepName, attemptNumber } = attempt.assignment;
      this.logger.warn({ taskId, stepName, attemptNumber, errorClass, error: message }, "an attempt failed");
    }
  }
}

function infoOf({ assignment }: Attempt): StepInfo {
  const { handlerClass, stepName, taskName, namespace, attemptNumber } = assignment;
  return { handlerClass, stepName, taskName, namespace, attemptNumber };
}

function outcomeOf(result: StepResult): StepOutcome {
  if (result.outcome?.$case !== "failure") {
    return result.outcome?.$case === "deferred" ? "deferred" : "success";
  }
  const { business, retryable } = result.outcome.value;
  return business ? "business_failure" : retryable === false ? "permanent_failure" : "retryable_failure";
}
