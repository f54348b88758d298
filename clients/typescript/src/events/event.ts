// An event as subscribers see it.
import { toDate } from "../duration.js";
import type { Event as EventMessage } from "../generated/tasker/v1/event.js";
import { parseJson, type JsonValue } from "../json.js";

/** Something that happened, once. */
export interface TaskerEvent {
  /** Unique; the same whenever the event is read again. */
  readonly id: string;
  /** Dotted: `step.completed`. */
  readonly name: string;
  /** `task`, `step`, `workflow`, `observability`, `registry` or `custom`. */
  readonly category: string;
  readonly timestamp: Date;
  /** Subscribe after this to go on behind this event. */
  readonly cursor: string;
  /** The task and the step concerned; empty where there is none. */
  readonly taskId: string;
  readonly taskName: string;
  readonly namespace: string;
  readonly version: string;
  readonly stepId: string;
  readonly stepName: string;
  /** From 1; 0: no attempt is concerned. */
  readonly attemptNumber: number;
  /** The event's own fields. */
  readonly payload: Readonly<Record<string, JsonValue>>;
}

/** The event of a message. Throws a SyntaxError if its payload is not JSON. */
export function eventFrom(event: EventMessage): TaskerEvent {
  return {
    id: event.eventId,
    name: event.name,
    category: event.category,
    timestamp: toDate(event.timestamp) ?? new Date(0),
    cursor: event.cursor,
    taskId: event.taskId,
    taskName: event.taskName,
    namespace: event.namespace,
    version: event.version,
    stepId: event.stepId,
    stepName: event.stepName,
    attemptNumber: event.attemptNumber,
    payload: event.payload.length === 0 ? {} : parseJson(event.payload),
  };
}

/**
 * The field `key` of an event's payload, or of the event itself, in either spelling (`task_id`, `taskId`); `fallback`
 * where there is nothing. Never throws.
 */
export function safeGet(event: TaskerEvent | undefined | null, key: string, fallback?: JsonValue): JsonValue {
  if (event === undefined || event === null) {
    return fallback;
  }
  const own = (of: object | undefined, name: string): JsonValue =>
    of !== undefined && of !== null && Object.hasOwn(of, name) ? (of as Record<string, JsonValue>)[name] : undefined;
  const camel = key.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
  const value = own(event.payload, key) ?? own(event, key) ?? own(event, camel);
  return value === undefined || value === null || value === "" ? fallback : value;
}
