// Following events, and routing each to a method.
import { Connection, type ConnectionOptions } from "../connection.js";
import { messageOf } from "../errors.js";
import type { Event as EventMessage } from "../generated/tasker/v1/event.js";
import type { JsonValue } from "../json.js";
import { jsonLogger, type Logger } from "../logger.js";
import { Rpc } from "../rpc.js";
import { consume } from "./consume.js";
import { MemoryCursorStore, type CursorStore } from "./cursor_store.js";
import { eventFrom, safeGet, type TaskerEvent } from "./event.js";
import { follow, type EventBatch } from "./follow.js";
import { EVENT_ALIASES } from "./names.js";
import type { EventQuery, Start } from "./query.js";

/** How a subscriber is set up. */
export interface SubscriberOptions extends ConnectionOptions {
  /** Only events of tasks of this namespace, of this template, or of these tasks. */
  namespace?: string | undefined;
  taskName?: string | undefined;
  taskIds?: readonly string[] | undefined;
  /** Where to start if the store has no cursor. Default: `now`. */
  start?: Start | undefined;
  /** Keeps how far it has come, so that it goes on there after a restart. Default: in memory. */
  cursorStore?: CursorStore | undefined;
  /**
   * The name of a subscription that the service keeps, and makes if there is none. Then the service knows the place,
   * and `cursorStore` must be left out: what was handled is acknowledged, once for all events that came together, and
   * comes to nobody again; what was not comes again, to this or another consumer of the name. Several share the events
   * by task. Who asks for nothing in particular takes the filter that it has; `start` counts only when it is made.
   */
  subscription?: string | undefined;
  /** Of a consumer of `subscription`: what people are to call it. */
  consumerName?: string | undefined;
  /** Of a consumer of `subscription`: how many events it is given ahead. Default: as many as the service thinks fit. */
  unacknowledgedMax?: number | undefined;
  logger?: Logger | undefined;
}

/** `task.completed` is `handle_task_completed`. */
function methodName(eventName: string): string {
  return `handle_${eventName.replaceAll(".", "_")}`;
}

function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase());
}

/**
 * Follows events and hands each to a method of its name: `task.completed` goes to `handleTaskCompleted(event)` (or
 * `handle_task_completed`), and what has no method to `handleEvent(event)`. Methods may be async; they are called one
 * after the other. What one throws is logged, and the next event follows.
 *
 * An event counts as handled once its method has ended; after a crash, the last few may come again. With
 * `subscription` the service keeps the place, and several subscribers may share the events.
 */
export class Subscriber {
  /** Names or patterns to follow: `task.completed`, `step.*`. None: all events. Override it. */
  readonly subscribeTo: readonly string[] = [];
  readonly #options: SubscriberOptions;
  readonly #logger: Logger;
  readonly #rpc: Rpc;
  readonly #store: CursorStore;
  readonly #stopped = new AbortController();
  readonly #subscribed: Promise<void>;
  #markSubscribed!: () => void;
  #finished: Promise<void> | undefined;

  constructor(options: SubscriberOptions | string = {}) {
    this.#options = typeof options === "string" ? { address: options } : options;
    if (this.#options.subscription && this.#options.cursorStore !== undefined) {
      throw new TypeError("a named subscription keeps its own place: leave cursorStore out");
    }
    this.#logger = this.#options.logger ?? jsonLogger;
    this.#rpc = new Rpc(new Connection(this.#options));
    this.#store = this.#options.cursorStore ?? new MemoryCursorStore();
    this.#subscribed = new Promise((resolve) => {
      this.#markSubscribed = resolve;
    });
  }

  /** Whatever has no method of its own. Does nothing unless overridden. */
  handleEvent(_event: TaskerEvent): void | Promise<void> {}

  /** A field of the event or its payload, or `fallback`; see the function of that name. */
  safeGet(event: TaskerEvent, key: string, fallback?: JsonValue): JsonValue {
    return safeGet(event, key, fallback);
  }

  /**
   * Follows until `stop`. Rejects with a TaskerError for what connecting again cannot mend: OUT_OF_RANGE says that the
   * events behind the cursor are no longer kept.
   */
  run(): Promise<void> {
    if (this.#finished !== undefined) {
      throw new Error("a subscriber can be run once");
    }
    this.#finished = this.#run();
    return this.#finished;
  }

  /** Ends it, after the event at hand. Resolves when `run` has ended, however it did. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#finished?.catch(() => {});
  }

  /** Resolves once the service has confirmed the subscription: from then on nothing is missed. */
  subscribed(): Promise<void> {
    return this.#subscribed;
  }

  /** Hands an event to its method. What that throws is logged. Also for tests, with `fakeEvent`. */
  async dispatch(event: TaskerEvent): Promise<void> {
    try {
      await this.#methodFor(event.name).call(this, event);
    } catch (error) {
      const stack = error instanceof Error ? error.stack : undefined;
      this.#logger.error({ event: event.name, eventId: event.id, error: messageOf(error), stack }, "a subscriber failed");
    }
  }

  async #run(): Promise<void> {
    try {
      const { namespace, taskName, taskIds, start, subscription } = this.#options;
      const query = { names: this.subscribeTo, namespace, taskName, taskIds, start };
      await (subscription ? this.#consume(subscription, query) : this.#follow(query));
    } finally {
      this.#rpc.connection.close();
    }
  }

  async #follow(query: EventQuery): Promise<void> {
    const saved = await this.#store.load();
    const from = saved === undefined ? query : { ...query, start: { after: saved } };
    for await (const batch of follow(this.#rpc, from, this.#logger, this.#stopped.signal)) {
      this.#markSubscribed();
      await this.#takeAll(batch);
    }
  }

  async #consume(subscription: string, query: EventQuery): Promise<void> {
    const { consumerName, unacknowledgedMax } = this.#options;
    const wanted = { ...query, subscription, consumerName, unacknowledgedMax };
    for await (const message of consume(this.#rpc, wanted, this.#logger, this.#stopped.signal, this.#markSubscribed)) {
      await this.#take(message);
    }
  }

  // The cursor is kept once for a batch, not for each event.
  async #takeAll(batch: EventBatch): Promise<void> {
    let handled = "";
    for (const message of batch.events) {
      if (this.#stopped.signal.aborted) {
        break;
      }
      await this.#take(message);
      handled = message.cursor;
    }
    const cursor = this.#stopped.signal.aborted ? handled : batch.cursor || handled;
    if (cursor !== "") {
      await this.#store.save(cursor);
    }
  }

  async #take(message: EventMessage): Promise<void> {
    let event: TaskerEvent;
    try {
      event = eventFrom(message);
    } catch (error) {
      this.#logger.error({ event: message.name, eventId: message.eventId, error: messageOf(error) }, "an event is malformed");
      return;
    }
    await this.dispatch(event);
  }

  #methodFor(eventName: string): (event: TaskerEvent) => unknown {
    const alias = EVENT_ALIASES[eventName];
    for (const name of alias === undefined ? [eventName] : [eventName, alias]) {
      for (const method of [camelCase(methodName(name)), methodName(name)]) {
        const found: unknown = (this as Record<string, unknown>)[method];
        if (typeof found === "function" && method !== "handleEvent") {
          return found as (event: TaskerEvent) => unknown;
        }
      }
    }
    return this.handleEvent;
  }
}
