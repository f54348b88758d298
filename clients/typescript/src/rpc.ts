// Calls to the service as promises.
import { Client as GrpcClient, status, type ClientReadableStream, type ServiceError } from "@grpc/grpc-js";
import { Backoff, pause, type Connection } from "./connection.js";
import { fromServiceError, TaskerError } from "./errors.js";

/** A unary method as ts-proto describes it. */
export interface UnaryMethod<Request, Response> {
  path: string;
  requestSerialize(value: Request): Buffer;
  responseDeserialize(bytes: Buffer): Response;
}

/** How one call is made. */
export interface CallOptions {
  /** How long it may take. Default: 30 s. */
  timeoutMs?: number | undefined;
  /** Ends the call when aborted; it then rejects with CANCELLED. */
  signal?: AbortSignal | undefined;
}

const TIMEOUT_MS = 30_000;

/** Makes calls over a connection, and turns to its next address when one cannot be reached. */
export class Rpc {
  readonly connection: Connection;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** Makes a call once. Rejects with a TaskerError. */
  async call<Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Request,
    options: CallOptions = {},
  ): Promise<Response> {
    const metadata = await this.connection.metadata();
    const client = this.#client();
    const channel = this.connection.channel;
    try {
      return await new Promise<Response>((resolve, reject) => {
        if (options.signal?.aborted) {
          return reject(new TaskerError(status.CANCELLED, "aborted before the call was made"));
        }
        const call = client.makeUnaryRequest(
          method.path,
          method.requestSerialize,
          method.responseDeserialize,
          request,
          metadata,
          { deadline: Date.now() + (options.timeoutMs ?? TIMEOUT_MS) },
          (error: ServiceError | null, response?: Response) => {
            options.signal?.removeEventListener("abort", abort);
            error === null ? resolve(response as Response) : reject(fromServiceError(error));
          },
        );
        const abort = () => call.cancel();
        options.signal?.addEventListener("abort", abort);
      });
    } catch (error) {
      if (error instanceof TaskerError && error.code === status.UNAVAILABLE && channel === this.connection.channel) {
        this.connection.rotate();
      }
      throw error;
    }
  }

  /**
   * Makes a call that changes nothing as often as it takes while the service cannot be reached, for as long as the call
   * may take.
   */
  async read<Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Request,
    options: CallOptions = {},
  ): Promise<Response> {
    const backoff = new Backoff();
    const endsAt = performance.now() + (options.timeoutMs ?? TIMEOUT_MS);
    for (;;) {
      try {
        return await this.call(method, request, { ...options, timeoutMs: Math.max(1, endsAt - performance.now()) });
      } catch (error) {
        const pauseMs = backoff.nextPauseMs();
        const again = error instanceof TaskerError && error.code === status.UNAVAILABLE;
        if (!again || options.signal?.aborted || performance.now() + pauseMs > endsAt) {
          throw error;
        }
        await pause(pauseMs, options.signal);
      }
    }
  }

  /** Opens a stream of responses, which the caller ends. Its errors are gRPC's own. */
  async stream<Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Request,
  ): Promise<ClientReadableStream<Response>> {
    const metadata = await this.connection.metadata();
    return this.#client().makeServerStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      metadata,
    );
  }

  // Light: all that it has is the channel.
  #client(): GrpcClient {
    const { channel } = this.connection;
    return new GrpcClient(channel.getTarget(), undefined as never, { channelOverride: channel });
  }
}
