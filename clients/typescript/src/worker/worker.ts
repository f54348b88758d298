// The runtime of handlers: one stream to the engine, many steps at a time.
import { randomUUID } from "node:crypto";
import { Client as GrpcClient, status, type StatusObject } from "@grpc/grpc-js";
import { Backoff, Connection, metadataWith, pause, type ConnectionOptions } from "../connection.js";
import { messageOf, TaskerError } from "../errors.js";
import { HandlerServiceService, ProtocolFeature, type Register } from "../generated/tasker/v1/handler_service.js";
import { jsonLogger, type Logger } from "../logger.js";
import { StepHandler } from "../step_handler.js";
import { TaskHandler } from "../task_handler.js";
import { SDK_VERSION } from "../version.js";
import type { JsonValue } from "../json.js";
import type { Sequence } from "../work/sequence.js";
import type { Step } from "../work/step.js";
import type { Task } from "../work/task.js";
import { AttemptPool } from "./attempt_pool.js";
import type { WorkerMetrics } from "./metrics.js";
import { Registry, type RegistrationOptions } from "./registry.js";
import { isFatal, Session, type HandlerCall } from "./session.js";

/** How a worker is set up. */
export interface WorkerOptions extends ConnectionOptions {
  /** What it is called, for people: `order-handlers`. 1 to 128 bytes. Default: `tasker-typescript`. */
  name?: string | undefined;
  /** The most attempts at one time, 1 to 100,000. Default: 32. */
  concurrency?: number | undefined;
  /** Serves only templates of this namespace. Default: of any. */
  namespace?: string | undefined;
  /** For people and lists. */
  labels?: Readonly<Record<string, string>> | undefined;
  /** How long a stopping worker waits for what is held, before it gives that up. Default: 30 s. */
  drainTimeoutMs?: number | undefined;
  /** Default: JSON on standard error. */
  logger?: Logger | undefined;
  metrics?: WorkerMetrics | undefined;
}

/** How `run` behaves. */
export interface RunOptions {
  /** Stops the worker when aborted, as `stop` does. */
  signal?: AbortSignal | undefined;
  /** Whether SIGTERM and SIGINT stop it; a second one then ends the process. Default: true. */
  handleSignals?: boolean | undefined;
}

/** What may be registered: a handler, its class, or a function that does the work. */
export type StepHandlerSource =
  | StepHandler
  | (new () => StepHandler)
  | ((task: Task, sequence: Sequence, step: Step) => JsonValue | Promise<JsonValue>);

class FunctionHandler extends StepHandler {
  override readonly process: (task: Task, sequence: Sequence, step: Step) => JsonValue | Promise<JsonValue>;

  constructor(process: (task: Task, sequence: Sequence, step: Step) => JsonValue | Promise<JsonValue>) {
    super();
    this.process = process;
  }
}

/** The step handler that is meant. */
export function stepHandlerFrom(source: StepHandlerSource): StepHandler {
  if (source instanceof StepHandler) {
    return source;
  }
  if (source.prototype instanceof StepHandler) {
    return new (source as new () => StepHandler)();
  }
  return new FunctionHandler(source as (task: Task, sequence: Sequence, step: Step) => JsonValue);
}

const FEATURES = [
  ProtocolFeature.CREDITS,
  ProtocolFeature.DEFERRED_COMPLETION,
  ProtocolFeature.CUSTOM_EVENTS,
  ProtocolFeature.PROGRESS,
  ProtocolFeature.TASK_HANDLERS,
  ProtocolFeature.BUSINESS_ERRORS,
  ProtocolFeature.TOKEN_REFRESH,
];

/**
 * Serves handler classes until it is stopped. Loses no result: what the engine has not acknowledged is brought again
 * after a broken connection. May be run once.
 */
export class Worker {
  /** Names this process towards the engine. */
  readonly instanceId: string = randomUUID();
  readonly #options: WorkerOptions;
  readonly #connection: Connection;
  readonly #logger: Logger;
  readonly #handlers: Registry<StepHandler>;
  readonly #taskHandlers: Registry<TaskHandler>;
  readonly #pool: AttemptPool;
  readonly #stopped = new AbortController();
  readonly #waitingForConnection: (() => void)[] = [];
  #session: Session | undefined;
  #finished: Promise<void> | undefined;
  #abandoned = false;
  #stopReason = "";

  /** Throws a TypeError or RangeError for settings that cannot be. */
  constructor(options: WorkerOptions | string = {}) {
    this.#options = typeof options === "string" ? { address: options } : options;
    const concurrency = this.#options.concurrency ?? 32;
    if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 100_000) {
      throw new RangeError(`concurrency: ${concurrency} is not an integer from 1 to 100,000`);
    }
    this.#connection = new Connection(this.#options);
    this.#logger = this.#options.logger ?? jsonLogger;
    this.#handlers = new Registry(this.#options.namespace ?? "");
    this.#taskHandlers = new Registry(this.#options.namespace ?? "");
    this.#pool = new AttemptPool({
      concurrency,
      connection: this.#options,
      logger: this.#logger,
      metrics: this.#options.metrics ?? {},
      handlers: this.#handlers,
      taskHandlers: this.#taskHandlers,
      session: () => this.#session,
      stopping: () => this.stopping,
      currentToken: async () => (this.#connection.tokenChanges ? this.#connection.token() : undefined),
      connected: () => this.#onConnected(),
    });
  }

  /** Serves a class of steps with a handler. Before `run`. */
  register(handlerClass: string, handler: StepHandlerSource, options?: RegistrationOptions): this {
    this.#handlers.add(handlerClass, stepHandlerFrom(handler), options);
    return this;
  }

  /** Validates and initialises tasks of a class (a template's `task_handler_class`) with a handler. Before `run`. */
  registerTaskHandler(
    taskHandlerClass: string,
    handler: TaskHandler | (new () => TaskHandler),
    options?: RegistrationOptions,
  ): this {
    const instance = handler instanceof TaskHandler ? handler : new handler();
    this.#taskHandlers.add(taskHandlerClass, instance, options);
    return this;
  }

  /** Whether it takes nothing new any more. */
  get stopping(): boolean {
    return this.#stopped.signal.aborted;
  }

  /**
   * Serves until it is stopped and what it holds has been finished. Rejects with a TaskerError if the engine refuses
   * it for a reason that connecting again cannot mend.
   */
  run(options: RunOptions = {}): Promise<void> {
    if (this.#finished !== undefined) {
      throw new Error("a worker can be run once");
    }
    if (this.#handlers.size + this.#taskHandlers.size === 0) {
      throw new Error("no handler is registered");
    }
    this.#finished = this.#run(options);
    return this.#finished;
  }

  /** Takes nothing new, finishes what is held, and ends. Resolves when `run` has ended, however it did. */
  async stop(reason = "the worker stops"): Promise<void> {
    if (!this.stopping) {
      this.#stopReason = reason;
      this.#stopped.abort();
      this.#session?.drain(reason);
    }
    await this.#finished?.catch(() => {});
  }

  /** Resolves as soon as the engine knows this worker; rejects if `run` ends before. */
  async connected(): Promise<void> {
    if (this.#session?.isRegistered) {
      return;
    }
    const registered = new Promise<void>((resolve) => this.#waitingForConnection.push(resolve));
    const ended = this.#finished?.then(() => {
      throw new Error("the worker was stopped before it was connected");
    });
    await Promise.race([registered, ...(ended === undefined ? [] : [ended])]);
  }

  async #run(options: RunOptions): Promise<void> {
    const stopBy = (name: string) => () => void this.stop(name);
    const [onTerm, onInt, onAbort] = [stopBy("SIGTERM"), stopBy("SIGINT"), stopBy("aborted")];
    if (options.handleSignals ?? true) {
      process.once("SIGTERM", onTerm);
      process.once("SIGINT", onInt);
    }
    options.signal?.addEventListener("abort", onAbort);
    if (options.signal?.aborted) {
      onAbort();
    }
    let drainTimer: NodeJS.Timeout | undefined;
    this.#stopped.signal.addEventListener("abort", () => {
      drainTimer = setTimeout(() => this.#abandon(), this.#options.drainTimeoutMs ?? 30_000);
    });
    try {
      await this.#serveUntilStopped();
    } finally {
      clearTimeout(drainTimer);
      process.removeListener("SIGTERM", onTerm);
      process.removeListener("SIGINT", onInt);
      options.signal?.removeEventListener("abort", onAbort);
      this.#pool.close();
      this.#connection.close();
    }
  }

  get #done(): boolean {
    return this.stopping && (this.#abandoned || this.#pool.held.size === 0);
  }

  async #serveUntilStopped(): Promise<void> {
    const backoff = new Backoff();
    while (!this.#done) {
      const { address } = this.#connection;
      const { end, registered } = await this.#serve();
      this.#session = undefined;
      if (registered) {
        backoff.reset();
        this.#pool.metric(() => this.#options.metrics?.disconnected?.(address, `${status[end.code]}: ${end.details}`));
      }
      if (this.#done) {
        break;
      }
      if (isFatal(end.code, this.#connection.tokenChanges)) {
        throw new TaskerError(end.code, end.details);
      }
      const level = end.code === status.OK ? "info" : "warn";
      this.#logger[level]({ address, code: status[end.code], details: end.details }, "the stream ended; connecting again");
      this.#connection.rotate();
      // A stop ends the pause, but not that between attempts to bring results which are left.
      await pause(backoff.nextPauseMs(), this.#pool.held.size > 0 ? undefined : this.#stopped.signal);
    }
  }

  async #serve(): Promise<{ end: StatusObject; registered: boolean }> {
    let session: Session;
    try {
      const token = await this.#connection.token();
      session = new Session(this.#pool, this.#call(token), this.#register(), token);
    } catch (error) {
      // A token or a certificate that cannot be had just now.
      const end = { code: status.UNAVAILABLE, details: messageOf(error), metadata: metadataWith("") };
      return { end, registered: false };
    }
    this.#session = session;
    if (this.#done) {
      session.cancel();
    }
    const end = await session.ended;
    return { end, registered: session.isRegistered };
  }

  #call(token: string): HandlerCall {
    const { channel } = this.#connection;
    const { path, requestSerialize, responseDeserialize } = HandlerServiceService.connect;
    return new GrpcClient(channel.getTarget(), undefined as never, { channelOverride: channel }).makeBidiStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      metadataWith(token),
    );
  }

  #register(): Register {
    return {
      name: this.#options.name ?? "tasker-typescript",
      instanceId: this.instanceId,
      sdkName: "tasker-typescript",
      sdkVersion: SDK_VERSION,
      concurrency: this.#pool.concurrency,
      handlerClasses: this.#handlers.list(),
      labels: { ...this.#options.labels },
      heldTokens: Array.from(this.#pool.held.values(), (attempt) => attempt.token),
      confirmsAssignments: true,
      features: FEATURES,
      taskHandlerClasses: this.#taskHandlers.list(),
    };
  }

  #onConnected(): void {
    const { address } = this.#connection;
    this.#logger.info({ address }, `connected to ${address}`);
    this.#pool.metric(() => this.#options.metrics?.connected?.(address));
    for (const resolve of this.#waitingForConnection.splice(0)) {
      resolve();
    }
  }

  // The time to drain is over.
  #abandon(): void {
    this.#logger.warn({ held: this.#pool.held.size }, "gives up what is still held: the time to drain is over");
    this.#abandoned = true;
    this.#pool.cancelAll(this.#stopReason || "the worker stops");
    this.#session?.cancel();
  }
}
