// Consuming a named subscription: what was dealt with is acknowledged.
import { status } from "@grpc/grpc-js";
import { messageOf, TaskerError } from "../errors.js";
import type { Event as EventMessage } from "../generated/tasker/v1/event.js";
import { EventServiceService } from "../generated/tasker/v1/event_service.js";
import { AcknowledgeRequest } from "../generated/tasker/v1/event_subscription.js";
import type { Logger } from "../logger.js";
import type { Rpc } from "../rpc.js";
import { consumeRequest, type ConsumerQuery } from "./query.js";
import { deliveries } from "./stream.js";

// No call is refused so and the next is not.
const REFUSED: ReadonlySet<status> = new Set([status.PERMISSION_DENIED, status.UNAUTHENTICATED, status.UNIMPLEMENTED]);

/**
 * Yields the events of a named subscription, each at least once and each task's in their order. An event counts as
 * dealt with when the next is asked for; what is, is acknowledged once for all events that came together. If the caller
 * leaves, the event at hand is not, and comes again, to this or another consumer of the subscription.
 *
 * Connects again when the call broke. Throws a TaskerError for what that cannot mend. Ends when `signal` is aborted,
 * once the event at hand is dealt with and acknowledged. `onSubscribed` is called when the service has answered a call.
 */
export async function* consume(
  rpc: Rpc,
  query: ConsumerQuery,
  logger: Logger,
  signal: AbortSignal,
  onSubscribed: () => void = () => {},
): AsyncGenerator<EventMessage> {
  let acknowledged: string | undefined;
  let consumerId = "";
  for await (const { response, giveUp } of deliveries(rpc, () => consumeRequest(query, acknowledged), logger, signal)) {
    consumerId = response.consumerId || consumerId;
    onSubscribed();
    let cursor = "";
    try {
      for (const event of response.events) {
        if (signal.aborted) {
          break;
        }
        yield event;
        cursor = event.cursor;
      }
    } finally {
      // Also when the caller leaves: what came before the event at hand is dealt with.
      if (cursor !== "") {
        const failed = await acknowledge(rpc, query.subscription, cursor, consumerId);
        if (failed === undefined) {
          acknowledged = cursor;
        } else {
          giveUp(failed);
        }
      }
    }
  }
}

// Resolves to why the call is to be given up; undefined: it is stored.
async function acknowledge(
  rpc: Rpc,
  subscription: string,
  cursor: string,
  consumerId: string,
): Promise<TaskerError | undefined> {
  try {
    await rpc.call(EventServiceService.acknowledge, AcknowledgeRequest.create({ subscription, cursor, consumerId }));
    return undefined;
  } catch (error) {
    // Mostly consuming anew mends it, or says why it cannot be mended.
    const code = error instanceof TaskerError && REFUSED.has(error.code) ? error.code : status.ABORTED;
    return new TaskerError(code, `events could not be acknowledged: ${messageOf(error)}`, { cause: error });
  }
}
