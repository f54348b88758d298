// A call for events, made again whenever it breaks.
import { status, type ClientReadableStream, type ServiceError } from "@grpc/grpc-js";
import { Backoff, pause, type Connection } from "../connection.js";
import { fromServiceError, TaskerError } from "../errors.js";
import { EventServiceService, type SubscribeRequest, type SubscribeResponse } from "../generated/tasker/v1/event_service.js";
import type { Logger } from "../logger.js";
import type { Rpc } from "../rpc.js";

const FATAL = new Set([
  status.INVALID_ARGUMENT,
  status.OUT_OF_RANGE,
  // A named subscription that has another filter.
  status.FAILED_PRECONDITION,
  status.NOT_FOUND,
  status.PERMISSION_DENIED,
  status.UNAUTHENTICATED,
  status.UNIMPLEMENTED,
]);

/** One response, and what its call is to be told. */
export interface Delivery {
  readonly response: SubscribeResponse;
  /** Has the call ended, as if it had broken by this error, when the next response is asked for. */
  giveUp(error: TaskerError): void;
}

/** Whether no other call would be answered otherwise. */
function isFatal(error: TaskerError, connection: Connection): boolean {
  return FATAL.has(error.code) && !(error.code === status.UNAUTHENTICATED && connection.tokenChanges);
}

/**
 * Yields the responses of one call after the other; `request` gives the next call's. Reads no faster than it is asked.
 * Throws a TaskerError for what connecting again cannot mend. Ends when `signal` is aborted: a call that waits for a
 * response at once, one whose response is being dealt with when the next is asked for.
 */
export async function* deliveries(
  rpc: Rpc,
  request: () => SubscribeRequest,
  logger: Logger,
  signal: AbortSignal,
): AsyncGenerator<Delivery> {
  const backoff = new Backoff();
  while (!signal.aborted) {
    let call: ClientReadableStream<SubscribeResponse> | undefined;
    let waits = true;
    const cancel = () => {
      if (waits) {
        call?.cancel();
      }
    };
    signal.addEventListener("abort", cancel);
    const { address } = rpc.connection;
    try {
      call = await rpc.stream(EventServiceService.subscribe, request());
      if (signal.aborted) {
        call.cancel();
      }
      for await (const response of call as AsyncIterable<SubscribeResponse>) {
        backoff.reset();
        let gaveUp: TaskerError | undefined;
        waits = false;
        yield { response, giveUp: (error) => (gaveUp = error) };
        waits = true;
        if (gaveUp !== undefined) {
          throw gaveUp;
        }
        if (signal.aborted) {
          return;
        }
      }
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      const failed = error instanceof TaskerError ? error : fromServiceError(error as ServiceError);
      if (isFatal(failed, rpc.connection)) {
        throw failed;
      }
      logger.warn({ address, error: failed.message }, "the stream of events ended; connecting again");
      // Another call over the same connection may have turned to the next address already.
      if (address === rpc.connection.address) {
        rpc.connection.rotate();
      }
    } finally {
      signal.removeEventListener("abort", cancel);
      call?.cancel();
    }
    await pause(backoff.nextPauseMs(), signal);
  }
}
