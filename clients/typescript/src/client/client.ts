// Creating tasks, looking at them, and repairing them.
import { status } from "@grpc/grpc-js";
import { Connection, type ConnectionOptions } from "../connection.js";
import { TaskerError } from "../errors.js";
import { consume } from "../events/consume.js";
import { eventFrom, type TaskerEvent } from "../events/event.js";
import { follow } from "../events/follow.js";
import type { EventQuery } from "../events/query.js";
import { EventServiceService } from "../generated/tasker/v1/event_service.js";
import { HandlerServiceService } from "../generated/tasker/v1/handler_service.js";
import { OperatorServiceService } from "../generated/tasker/v1/operator_service.js";
import { GetTaskRequest, ListTasksRequest, TaskServiceService } from "../generated/tasker/v1/task_service.js";
import { TemplateServiceService } from "../generated/tasker/v1/template_service.js";
import { encodeJson, type JsonValue } from "../json.js";
import { silentLogger } from "../logger.js";
import { Rpc, type CallOptions } from "../rpc.js";
import { taskStateOf } from "../work/states.js";
import { failureOf, successOf } from "../worker/outcome.js";
import {
  completionOutcome,
  type AppliedTemplate,
  type CompletionOutcome,
  type ConsumeOptions,
  type CreatedTask,
  type CreateTaskOptions,
  type OperatorOptions,
  type StepCompletion,
  type TaskFilter,
} from "./requests.js";
import { taskSnapshot, type TaskSnapshot } from "./task_snapshot.js";

/**
 * Calls to the service. Every call rejects with a TaskerError, which has the gRPC code and the service's message.
 * Calls that only read are made again while the service cannot be reached; others are made once.
 */
export class Client {
  readonly #rpc: Rpc;

  constructor(options: ConnectionOptions | string = {}) {
    this.#rpc = new Rpc(new Connection(typeof options === "string" ? { address: options } : options));
  }

  /** Creates a task: one run of the template `name`. When it resolves, the task is stored, and will be run to its end. */
  async createTask(name: string, context: Record<string, unknown> = {}, options: CreateTaskOptions = {}): Promise<CreatedTask> {
    const request = {
      name,
      namespace: options.namespace ?? "",
      version: options.version ?? "",
      context: encodeJson(context),
      initiator: options.initiator ?? "",
      sourceSystem: options.sourceSystem ?? "",
      reason: options.reason ?? "",
      tags: [...(options.tags ?? [])],
      priority: options.priority,
      idempotencyKey: options.idempotencyKey ?? "",
      bypassSteps: [...(options.bypassSteps ?? [])],
      traceparent: options.traceparent ?? "",
      tracestate: options.tracestate ?? "",
    };
    const created = await this.#rpc.call(TaskServiceService.createTask, request, options);
    return { id: created.taskId, version: created.version, existing: created.existing };
  }

  /** The task with its context and steps. */
  async getTask(taskId: string, options?: CallOptions): Promise<TaskSnapshot> {
    const { task } = await this.#rpc.read(TaskServiceService.getTask, GetTaskRequest.create({ taskId }), options);
    if (task === undefined) {
      throw new TaskerError(status.INTERNAL, `the service answered without the task ${taskId}`);
    }
    return taskSnapshot(task);
  }

  /** All tasks that match, newest first, without contexts and steps. Pages are asked for as they are needed. */
  async *listTasks(filter: TaskFilter = {}, options?: CallOptions): AsyncGenerator<TaskSnapshot> {
    let pageToken = "";
    do {
      const request = ListTasksRequest.create({
        namespace: filter.namespace ?? "",
        name: filter.name ?? "",
        version: filter.version ?? "",
        state: taskStateOf(filter.state),
        pageSize: filter.pageSize ?? 100,
        pageToken,
      });
      const page = await this.#rpc.read(TaskServiceService.listTasks, request, options);
      yield* page.tasks.map(taskSnapshot);
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
  }

  /**
   * Waits until a task has ended, in whatever way. Never polls, and misses nothing. Rejects with DEADLINE_EXCEEDED if
   * it has not within `timeoutMs` (default: no limit), with CANCELLED if `signal` is aborted.
   */
  async waitForTask(taskId: string, options: CallOptions = {}): Promise<TaskSnapshot> {
    const over = new AbortController();
    const abort = () => over.abort();
    const timer = options.timeoutMs === undefined ? undefined : setTimeout(abort, options.timeoutMs);
    options.signal?.addEventListener("abort", abort);
    if (options.signal?.aborted) {
      abort();
    }
    try {
      // The subscription comes first: what happens after the look at the task is in it.
      const query = { names: ["task.*"], taskIds: [taskId] };
      let first = true;
      for await (const batch of follow(this.#rpc, query, silentLogger, over.signal)) {
        if (first || batch.events.length > 0) {
          first = false;
          const task = await this.getTask(taskId, { signal: over.signal });
          if (task.finished) {
            return task;
          }
        }
      }
    } catch (error) {
      if (!over.signal.aborted) {
        throw error;
      }
    } finally {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", abort);
    }
    throw options.signal?.aborted
      ? new TaskerError(status.CANCELLED, `the wait for task ${taskId} was given up`)
      : new TaskerError(status.DEADLINE_EXCEEDED, `task ${taskId} has not ended within ${options.timeoutMs} ms`);
  }

  /** Cancels a task; handlers that hold steps of it are told, with the reason. */
  async cancelTask(taskId: string, options: CallOptions & { reason?: string; initiator?: string } = {}): Promise<void> {
    const request = { taskId, reason: options.reason ?? "", initiator: options.initiator ?? "" };
    await this.#rpc.call(TaskServiceService.cancelTask, request, options);
  }

  /** Gives a task a signal, for the step that waits for one of that name. */
  async signalTask(
    taskId: string,
    name: string,
    payload: JsonValue = {},
    options: CallOptions & { initiator?: string } = {},
  ): Promise<void> {
    const request = { taskId, name, payload: encodeJson(payload), initiator: options.initiator ?? "" };
    await this.#rpc.call(TaskServiceService.signalTask, request, options);
  }

  /** Tries every failed step of a task again, their attempts reset. */
  async retryTask(taskId: string, options: OperatorOptions = {}): Promise<void> {
    await this.#rpc.call(OperatorServiceService.retryTask, { taskId, operator: operatorOf(options) }, options);
  }

  /** Tries a failed, cancelled or waiting step again at once, with one more attempt, or all with `resetAttempts`. */
  async retryStep(taskId: string, stepName: string, options: OperatorOptions & { resetAttempts?: boolean } = {}): Promise<void> {
    const request = { taskId, stepName, resetAttempts: options.resetAttempts ?? false, operator: operatorOf(options) };
    await this.#rpc.call(OperatorServiceService.retryStep, request, options);
  }

  /** Declares a task in error done. */
  async resolveTask(taskId: string, options: OperatorOptions = {}): Promise<void> {
    await this.#rpc.call(OperatorServiceService.resolveTask, { taskId, operator: operatorOf(options) }, options);
  }

  /** Declares a step done, with results given by hand. */
  async resolveStep(taskId: string, stepName: string, results: JsonValue = {}, options: OperatorOptions = {}): Promise<void> {
    const request = { taskId, stepName, results: encodeJson(results), operator: operatorOf(options) };
    await this.#rpc.call(OperatorServiceService.resolveStep, request, options);
  }

  /** Ends a step that was deferred, by its `step.token`. Repeating it is harmless. */
  async completeStep(
    token: string,
    completion: StepCompletion,
    options: CallOptions & { actor?: string } = {},
  ): Promise<CompletionOutcome> {
    const bytes = Buffer.from(token, "base64url");
    if ("results" in completion) {
      // What is no JSON is the caller's mistake, not the step's failure.
      encodeJson(completion.results ?? {});
    }
    const result =
      "results" in completion ? successOf(bytes, completion.results, 0) : failureOf(bytes, completion.failure, false);
    const request = { result, actor: options.actor ?? "" };
    const { outcome } = await this.#rpc.call(HandlerServiceService.completeStep, request, options);
    return completionOutcome(outcome);
  }

  /** Publishes an event of one's own: `order.paid`. `taskId`: the open task that it is about. */
  async publishEvent(
    name: string,
    payload: Record<string, unknown> = {},
    options: CallOptions & { taskId?: string } = {},
  ): Promise<void> {
    const request = { name, payload: encodeJson(payload), taskId: options.taskId ?? "" };
    await this.#rpc.call(EventServiceService.publishEvent, request, options);
  }

  /** What happens, without gaps, until the loop is left or `signal` is aborted. */
  async *events(query: EventQuery = {}, options: { signal?: AbortSignal } = {}): AsyncGenerator<TaskerEvent> {
    const signal = options.signal ?? new AbortController().signal;
    for await (const batch of follow(this.#rpc, query, silentLogger, signal)) {
      yield* batch.events.map(eventFrom);
    }
  }

  /**
   * What happens, from a named subscription, which is made if there is none: each event at least once, each task's in
   * their order. An event counts as dealt with, and is acknowledged, when the loop asks for the next. If the loop is left
   * by `break` or an error, the event at hand comes again, to this or another consumer of the name. Aborting `signal`
   * ends the loop behind the event at hand, which is acknowledged.
   *
   * Connects again over broken connections and restarts of the service. Throws a TaskerError for what that cannot mend:
   * OUT_OF_RANGE: events that were not acknowledged are no longer kept; FAILED_PRECONDITION: the subscription has another
   * filter; INVALID_ARGUMENT: a malformed name or filter. Several loops may run at a time, each a consumer of its own.
   */
  async *consume(subscription: string, options: ConsumeOptions = {}): AsyncGenerator<TaskerEvent> {
    if (subscription === "") {
      throw new TypeError("subscription: needs a name");
    }
    const signal = options.signal ?? new AbortController().signal;
    const query = { ...options, subscription };
    for await (const message of consume(this.#rpc, query, options.logger ?? silentLogger, signal)) {
      yield eventFrom(message);
    }
  }

  /** Applies a template, given as YAML. `sourceName`: what to call it in messages, usually the file's name. */
  async applyTemplate(yaml: string, options: CallOptions & { sourceName?: string } = {}): Promise<AppliedTemplate> {
    const request = { source: Buffer.from(yaml, "utf8"), sourceName: options.sourceName ?? "" };
    const { template, created, warnings } = await this.#rpc.call(TemplateServiceService.applyTemplate, request, options);
    const { name = "", namespace = "", version = "" } = template ?? {};
    return { name, namespace, version, created, warnings };
  }

  /** Closes the connection. Calls made after this open it again. */
  close(): void {
    this.#rpc.connection.close();
  }
}

function operatorOf(options: OperatorOptions): { actor: string; reason: string } {
  return { actor: options.actor ?? "", reason: options.reason ?? "" };
}
