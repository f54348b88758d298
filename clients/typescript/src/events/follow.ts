// Following the log of events over broken connections.
import { status, type ClientReadableStream, type ServiceError } from "@grpc/grpc-js";
import { Backoff, pause } from "../connection.js";
import { fromServiceError, TaskerError } from "../errors.js";
import type { Event as EventMessage } from "../generated/tasker/v1/event.js";
import {
  EventServiceService,
  SubscribeRequest,
  type SubscribeResponse,
} from "../generated/tasker/v1/event_service.js";
import type { Logger } from "../logger.js";
import type { Rpc } from "../rpc.js";

/** Where to start: with what happens from now on, with the earliest event still kept, or behind a cursor. */
export type Start = "now" | "earliest" | { after: string };

/** Which events, from where on. What is left out matches every event. */
export interface EventQuery {
  /** Names or patterns: `task.completed`, `step.*`. */
  names?: readonly string[] | undefined;
  taskIds?: readonly string[] | undefined;
  namespace?: string | undefined;
  taskName?: string | undefined;
  categories?: readonly string[] | undefined;
  /** Only tasks as urgent as one of these, 0 to 9. */
  priorities?: readonly number[] | undefined;
  /** Only tasks that have all of these labels. */
  tags?: readonly string[] | undefined;
  /** Only events for which this expression holds: `payload.execution_duration > 5`. */
  where?: string | undefined;
  /** Default: `now`. */
  start?: Start | undefined;
}

/** Some events, and where the log stands behind them. The first of each connection has none. */
export interface EventBatch {
  readonly events: readonly EventMessage[];
  readonly cursor: string;
}

const FATAL = new Set([
  status.INVALID_ARGUMENT,
  status.OUT_OF_RANGE,
  status.PERMISSION_DENIED,
  status.UNAUTHENTICATED,
  status.UNIMPLEMENTED,
]);

function requestFor(query: EventQuery, cursor: string | undefined): SubscribeRequest {
  const start = query.start ?? "now";
  const after = cursor ?? (typeof start === "object" ? start.after : undefined);
  return SubscribeRequest.create({
    filter: {
      names: [...(query.names ?? [])],
      taskIds: [...(query.taskIds ?? [])],
      namespace: query.namespace ?? "",
      taskName: query.taskName ?? "",
      categories: [...(query.categories ?? [])],
      priorities: [...(query.priorities ?? [])],
      tags: [...(query.tags ?? [])],
      where: query.where ?? "",
    },
    start:
      after !== undefined
        ? { $case: "afterCursor", value: after }
        : start === "earliest"
          ? { $case: "fromEarliest", value: true }
          : undefined,
  });
}

/**
 * Yields what happens, without a gap: after a broken connection it goes on behind what was yielded last. Reads no
 * faster than it is asked. Throws a TaskerError for what connecting again cannot mend; ends when `signal` is aborted.
 */
export async function* follow(rpc: Rpc, query: EventQuery, logger: Logger, signal: AbortSignal): AsyncGenerator<EventBatch> {
  const backoff = new Backoff();
  let cursor: string | undefined;
  while (!signal.aborted) {
    let call: ClientReadableStream<SubscribeResponse> | undefined;
    const cancel = () => call?.cancel();
    signal.addEventListener("abort", cancel);
    try {
      call = await rpc.stream(EventServiceService.subscribe, requestFor(query, cursor));
      if (signal.aborted) {
        call.cancel();
      }
      for await (const response of call as AsyncIterable<SubscribeResponse>) {
        backoff.reset();
        yield response;
        cursor = response.cursor || cursor;
      }
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      const failed = error instanceof TaskerError ? error : fromServiceError(error as ServiceError);
      if (FATAL.has(failed.code) && !(failed.code === status.UNAUTHENTICATED && rpc.connection.tokenChanges)) {
        throw failed;
      }
      logger.warn({ address: rpc.connection.address, error: failed.message }, "the stream of events ended; connecting again");
      rpc.connection.rotate();
    } finally {
      signal.removeEventListener("abort", cancel);
      call?.cancel();
    }
    await pause(backoff.nextPauseMs(), signal);
  }
}
