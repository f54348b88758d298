// Following the log of events over broken connections.
import type { Event as EventMessage } from "../generated/tasker/v1/event.js";
import type { Logger } from "../logger.js";
import type { Rpc } from "../rpc.js";
import { followRequest, type EventQuery } from "./query.js";
import { deliveries } from "./stream.js";

/** Some events, and where the log stands behind them. The first of each connection has none. */
export interface EventBatch {
  readonly events: readonly EventMessage[];
  readonly cursor: string;
}

/**
 * Yields what happens, without a gap: after a broken connection it goes on behind what was yielded last. Reads no
 * faster than it is asked. Throws a TaskerError for what connecting again cannot mend; ends when `signal` is aborted.
 */
export async function* follow(rpc: Rpc, query: EventQuery, logger: Logger, signal: AbortSignal): AsyncGenerator<EventBatch> {
  let cursor: string | undefined;
  for await (const { response } of deliveries(rpc, () => followRequest(query, cursor), logger, signal)) {
    yield response;
    cursor = response.cursor || cursor;
  }
}
