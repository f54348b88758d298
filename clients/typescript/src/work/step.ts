// The steps of a task as a step handler sees them: the one at work, and earlier ones with their results.
import { PayloadError, StepCancelled } from "../errors.js";
import { encodeJson, type JsonValue } from "../json.js";
import type { StepStateName } from "./states.js";

/** The longest checkpoint that the service takes, in bytes of JSON. */
export const CHECKPOINT_BYTES_MAX = 64 << 10;
/** The longest payload of an event, in bytes of JSON, and the most events of one result. */
export const EVENT_BYTES_MAX = 64 << 10;
export const EVENTS_MAX = 100;

const EVENT_NAME = /^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$/;

/** An event of a handler's own, to be published with the result. */
export interface PublishedEvent {
  readonly name: string;
  /** JSON. */
  readonly payload: Buffer;
}

/** How a step tells the engine of what it does. Implemented by the worker; in tests by nobody. */
export interface StepReports {
  /** Takes the newest checkpoint, as JSON. */
  checkpoint(data: Buffer): void;
  /** Takes how far the attempt is, from 0 to 1 if that is known. */
  progress(fraction: number | undefined, message: string): void;
}

/** A step as it is stored: one that has been done, or another of the task. */
export interface StepFields {
  name: string;
  /** The task's id, a dot, the step's index; empty where it is not known. */
  id?: string | undefined;
  handlerClass?: string | undefined;
  state?: StepStateName | undefined;
  /** Attempts started so far, and allowed in all. */
  attemptNumber?: number | undefined;
  retryLimit?: number | undefined;
}

/** A step of the task, with its results once it is done. */
export class StepView {
  readonly name: string;
  readonly id: string;
  readonly handlerClass: string;
  readonly state: StepStateName;
  readonly attemptNumber: number;
  readonly retryLimit: number;
  #results: JsonValue;
  #readResults: (() => JsonValue) | undefined;

  /** `results`: a value, or what reads it when it is first asked for. */
  constructor(fields: StepFields, results: JsonValue | (() => JsonValue) = null) {
    this.name = fields.name;
    this.id = fields.id ?? "";
    this.handlerClass = fields.handlerClass ?? "";
    this.state = fields.state ?? "complete";
    this.attemptNumber = fields.attemptNumber ?? 0;
    this.retryLimit = fields.retryLimit ?? 0;
    if (typeof results === "function") {
      this.#readResults = results;
    } else {
      this.#results = results;
    }
  }

  /** What the step gave back; null if it is not done, or was skipped. */
  get results(): JsonValue {
    if (this.#readResults !== undefined) {
      this.#results = this.#readResults();
      this.#readResults = undefined;
    }
    return this.#results;
  }

  /** The same as `attemptNumber`. */
  get attempts(): number {
    return this.attemptNumber;
  }
}

/** What only the step at work has. JSON parts may be given as what reads them when they are first asked for. */
export interface CurrentStepFields extends StepFields {
  handlerConfig?: JsonValue | (() => JsonValue);
  item?: JsonValue | (() => JsonValue);
  itemIndex?: number | undefined;
  checkpointData?: JsonValue | (() => JsonValue);
  /** How long the attempt may take in all. */
  startToCloseMs?: number | undefined;
  traceparent?: string | undefined;
  tracestate?: string | undefined;
  token?: Buffer | undefined;
}

/** The step that a handler works on: its settings, how the attempt stands, and what can be told of it. */
export class Step extends StepView {
  readonly itemIndex: number | undefined;
  /** W3C Trace Context of the task; empty: none. Pass it on with the calls that the step makes. */
  readonly traceparent: string;
  readonly tracestate: string;
  /** Events to be published with the result. */
  readonly events: PublishedEvent[] = [];
  readonly #token: Buffer;
  readonly #endsAt: number | undefined;
  readonly #lazy: { config: JsonValue; item: JsonValue; checkpoint: JsonValue };
  readonly #reports: StepReports | undefined;
  #controller: AbortController | undefined;
  #cancelReason: string | undefined;
  #deferral: { timeoutMs: number | undefined } | undefined;

  constructor(fields: CurrentStepFields, reports?: StepReports) {
    super({ ...fields, state: fields.state ?? "in_progress" });
    this.itemIndex = fields.itemIndex;
    this.traceparent = fields.traceparent ?? "";
    this.tracestate = fields.tracestate ?? "";
    this.#token = fields.token ?? Buffer.alloc(0);
    this.#lazy = {
      config: fields.handlerConfig ?? {},
      item: fields.item ?? null,
      checkpoint: fields.checkpointData ?? null,
    };
    this.#endsAt = fields.startToCloseMs === undefined ? undefined : performance.now() + fields.startToCloseMs;
    this.#reports = reports;
  }

  #read(part: "config" | "item" | "checkpoint"): JsonValue {
    const value = this.#lazy[part];
    if (typeof value === "function") {
      this.#lazy[part] = value();
    }
    return this.#lazy[part];
  }

  /** The step's settings from the template. */
  get handlerConfig(): JsonValue {
    return this.#read("config");
  }

  /** In an item of a `for_each` step: the element to work on; else null. `itemIndex` is its place, from 0. */
  get item(): JsonValue {
    return this.#read("item");
  }

  /** What an earlier attempt, or this one, left behind with `checkpoint`; null: nothing. */
  get checkpointData(): JsonValue {
    return this.#read("checkpoint");
  }

  /** Names this attempt towards `Client.completeStep`: URL-safe base64 without padding. */
  get token(): string {
    return this.#token.toString("base64url");
  }

  /** Milliseconds until the attempt counts as failed because it took too long; undefined: it never does. */
  get timeLeftMs(): number | undefined {
    return this.#endsAt === undefined ? undefined : Math.max(0, this.#endsAt - performance.now());
  }

  /** Whether the work on this attempt is no longer wanted: end it, by returning or throwing. */
  get cancelled(): boolean {
    return this.#cancelReason !== undefined;
  }

  /** Why it is no longer wanted; empty while it is. */
  get cancelReason(): string {
    return this.#cancelReason ?? "";
  }

  /** Aborted, with a `StepCancelled` as its reason, when the attempt is cancelled: for `fetch` and the like. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.cancelled) {
        this.#controller.abort(this.#cancellation());
      }
    }
    return this.#controller.signal;
  }

  /** For long work to call now and then: throws `StepCancelled` once it is no longer wanted. */
  throwIfCancelled(): void {
    if (this.cancelled) {
      throw this.#cancellation();
    }
  }

  /** Waits; rejects with `StepCancelled` as soon as the attempt is cancelled. */
  async sleep(ms: number): Promise<void> {
    this.throwIfCancelled();
    const signal = this.signal;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        signal.removeEventListener("abort", aborted);
        resolve();
      }, ms);
      const aborted = () => {
        clearTimeout(timer);
        reject(this.#cancellation());
      };
      signal.addEventListener("abort", aborted, { once: true });
    });
  }

  /**
   * Tells how far this attempt is, in anything that JSON can hold, at most 64 KiB of it. The next attempt finds the
   * newest that was stored in `checkpointData`. Throws `PermanentError` if it is not JSON or too long.
   */
  checkpoint(value: JsonValue): void {
    const data = encodeFor(`checkpoint of ${this.name}`, "Tasker::InvalidCheckpoint", value, CHECKPOINT_BYTES_MAX);
    this.#lazy.checkpoint = value;
    this.#reports?.checkpoint(data);
  }

  /** Tells people how far this attempt is, from 0 to 1 (undefined: unknown), and what it does just now. */
  progress(fraction: number | undefined, message = ""): void {
    if (fraction !== undefined && !(fraction >= 0 && fraction <= 1)) {
      throw new RangeError(`progress: ${fraction} is not between 0 and 1`);
    }
    this.#reports?.progress(fraction, message);
  }

  /** Publishes an event with the attempt's result. `name` is dotted and lower case, such as `order.paid`. */
  publish(name: string, payload: Record<string, unknown> = {}): void {
    if (!EVENT_NAME.test(name) || name.length > 128) {
      throw new PayloadError("Tasker::InvalidEvent", `${JSON.stringify(name)} is no name of an event, such as order.paid`);
    }
    if (this.events.length >= EVENTS_MAX) {
      throw new PayloadError("Tasker::InvalidEvent", `more than ${EVENTS_MAX} events in one attempt`);
    }
    this.events.push({ name, payload: encodeFor(`event ${name}`, "Tasker::InvalidEvent", payload, EVENT_BYTES_MAX) });
  }

  /**
   * The step ends later, by `Client.completeStep` with `token`: what `process` returns is ignored. Without it within
   * `timeoutMs` the attempt fails; undefined: as long as the template lets it.
   */
  defer(timeoutMs?: number): void {
    this.#deferral = { timeoutMs };
  }

  /** What `defer` was called with; undefined: it was not. */
  get deferral(): { readonly timeoutMs: number | undefined } | undefined {
    return this.#deferral;
  }

  /** Marks the attempt as no longer wanted. Called by the worker, and by tests. The first reason counts. */
  cancel(reason: string): void {
    if (this.#cancelReason === undefined) {
      this.#cancelReason = reason;
      this.#controller?.abort(this.#cancellation());
    }
  }

  #cancellation(): StepCancelled {
    return new StepCancelled(`${this.name} is cancelled: ${this.cancelReason || "no reason was given"}`);
  }
}

function encodeFor(what: string, errorClass: string, value: unknown, bytesMax: number): Buffer {
  let data: Buffer;
  try {
    data = encodeJson(value);
  } catch (error) {
    throw new PayloadError(errorClass, `${what}: ${(error as Error).message}`, { cause: error });
  }
  if (data.length > bytesMax) {
    throw new PayloadError(errorClass, `${what}: ${data.length} bytes are over the limit of ${bytesMax} bytes`);
  }
  return data;
}

