// The task as a step handler sees it.
import type { JsonValue } from "../json.js";

/** What a task is known by. */
export interface TaskFields {
  /** A UUID in its usual text form. */
  id: string;
  /** The template's name, namespace and version. */
  name: string;
  namespace: string;
  version: string;
  /** 0 to 9; the higher goes first. */
  priority?: number | undefined;
  /** W3C Trace Context of the trace that it belongs to; empty: none. */
  traceparent?: string | undefined;
  tracestate?: string | undefined;
  /** Who asked for it, where that is known. */
  initiator?: string | undefined;
  /** Its labels, where they are known. */
  tags?: readonly string[] | undefined;
}

/** The task that a step belongs to. */
export class Task {
  readonly id: string;
  readonly name: string;
  readonly namespace: string;
  readonly version: string;
  readonly priority: number;
  readonly traceparent: string;
  readonly tracestate: string;
  readonly initiator: string | undefined;
  readonly tags: readonly string[] | undefined;
  #context: JsonValue;
  #read: (() => JsonValue) | undefined;

  /** `context`: the task's input, or what reads it when it is first asked for. */
  constructor(fields: TaskFields, context: JsonValue | (() => JsonValue)) {
    this.id = fields.id;
    this.name = fields.name;
    this.namespace = fields.namespace;
    this.version = fields.version;
    this.priority = fields.priority ?? 5;
    this.traceparent = fields.traceparent ?? "";
    this.tracestate = fields.tracestate ?? "";
    this.initiator = fields.initiator;
    this.tags = fields.tags;
    if (typeof context === "function") {
      this.#read = context;
    } else {
      this.#context = context;
    }
  }

  /** The task's input: a JSON object. */
  get context(): JsonValue {
    if (this.#read !== undefined) {
      this.#context = this.#read();
      this.#read = undefined;
    }
    return this.#context;
  }
}

/** What a task was asked for with, as a task handler sees it. */
export interface TaskRequest {
  /** The template's name, namespace and version. */
  readonly name: string;
  readonly namespace: string;
  readonly version: string;
  /** The input: a JSON object. */
  readonly context: JsonValue;
  /** Who asked; `unknown` unless given. */
  readonly initiator: string;
  /** The system that asked. */
  readonly sourceSystem: string;
  /** Why. */
  readonly reason: string;
  /** Free labels. */
  readonly tags: readonly string[];
  /** Steps to leave out. */
  readonly bypassSteps: readonly string[];
  /** When the service accepted the request. */
  readonly requestedAt: Date | undefined;
  /** The task's id. */
  readonly taskId: string;
}
