// An engine that a test scripts: a real gRPC server that speaks HandlerService.
import { Server, ServerCredentials, status, type ServerDuplexStream } from "@grpc/grpc-js";
import {
  Acknowledgement,
  AcknowledgementOutcome,
  Assignment,
  ConnectRequest,
  ConnectResponse,
  HandlerServiceService,
  ProtocolFeature,
  Register,
  type StepResult,
} from "../../src/generated/tasker/v1/handler_service.js";
import { Queue } from "./waiting.js";


export const ALL_FEATURES = Object.values(ProtocolFeature).filter((each): each is ProtocolFeature => Number(each) > 0);

type Parts = Parameters<typeof ConnectResponse.fromPartial>[0];

/** The engine's side of one connection. */
export class EngineStream {
  readonly frames: ConnectRequest[] = [];
  readonly results: StepResult[] = [];
  readonly authorization: string;
  register!: Register;
  readonly #received = new Queue<ConnectRequest | "closed">();
  readonly #call: ServerDuplexStream<ConnectRequest, ConnectResponse>;

  constructor(call: ServerDuplexStream<ConnectRequest, ConnectResponse>) {
    this.#call = call;
    this.authorization = String(call.metadata.get("authorization")[0] ?? "");
    call.on("data", (frame: ConnectRequest) => this.#received.push(frame));
    call.on("end", () => this.#received.push("closed"));
    call.on("cancelled", () => this.#received.push("closed"));
  }

  send(parts: Parts): void {
    this.#call.write(ConnectResponse.fromPartial(parts));
  }

  /** Answers `register`. */
  accept(options: { heartbeatMs?: number; payloadBytesMax?: number; stale?: Buffer[]; features?: ProtocolFeature[] } = {}): void {
    const heartbeatMs = options.heartbeatMs ?? 60_000;
    this.send({
      registered: {
        heartbeatInterval: { seconds: BigInt(Math.floor(heartbeatMs / 1000)), nanos: (heartbeatMs % 1000) * 1e6 },
        payloadBytesMax: BigInt(options.payloadBytesMax ?? 0),
        staleTokens: options.stale ?? [],
        features: options.features ?? ALL_FEATURES,
      },
    });
  }

  assign(...tokens: string[]): void {
    this.send({ assignments: tokens.map((token) => assignment(token)) });
  }

  hand(token: string, fields: Partial<Assignment>): void {
    this.send({ assignments: [assignment(token, fields)] });
  }

  acknowledge(...tokens: string[]): void {
    const acknowledgements: Acknowledgement[] = tokens.map((token) => ({
      token: Buffer.from(token),
      outcome: AcknowledgementOutcome.APPLIED,
    }));
    this.send({ acknowledgements });
  }

  /** Ends the stream. */
  end(code: status = status.UNAVAILABLE, details = "cut by the test"): void {
    if (code === status.OK) {
      this.#call.end();
    } else {
      this.#call.emit("error", { code, details });
    }
  }

  /** The next frame; throws if the handler has closed its side. */
  async next(): Promise<ConnectRequest> {
    const frame = await this.#received.shift();
    if (frame === "closed") {
      throw new Error("the handler closed its side");
    }
    this.frames.push(frame);
    this.results.push(...frame.results);
    return frame;
  }

  /** Frames until one is as wanted. */
  async nextWhere(wanted: (frame: ConnectRequest) => boolean): Promise<ConnectRequest> {
    for (;;) {
      const frame = await this.next();
      if (wanted(frame)) {
        return frame;
      }
    }
  }

  /** Until so many results have come in all. */
  async nextResults(count: number): Promise<StepResult[]> {
    while (this.results.length < count) {
      await this.next();
    }
    return this.results;
  }

  /** Until the handler closes its side. */
  async closed(): Promise<void> {
    while ((await this.#received.shift()) !== "closed");
  }
}

export function assignment(token: string, fields: Partial<Assignment> = {}): Assignment {
  return Assignment.fromPartial({
    token: Buffer.from(token),
    taskId: "task-1",
    taskName: "order",
    namespace: "default",
    version: "1.0.0",
    stepId: "task-1.0",
    stepName: "step",
    handlerClass: "H",
    attemptNumber: 1,
    retryLimit: 3,
    context: Buffer.from("{}"),
    ...fields,
  });
}

export class FakeEngine {
  readonly address: string;
  readonly #server: Server;
  readonly #streams: Queue<EngineStream>;

  private constructor(server: Server, address: string, streams: Queue<EngineStream>) {
    this.#server = server;
    this.address = address;
    this.#streams = streams;
  }

  static async start(): Promise<FakeEngine> {
    const streams = new Queue<EngineStream>();
    const server = new Server();
    server.addService(HandlerServiceService as never, {
      connect: (call: ServerDuplexStream<ConnectRequest, ConnectResponse>) => streams.push(new EngineStream(call)),
    });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    return new FakeEngine(server, `127.0.0.1:${port}`, streams);
  }

  /** The next connection, with its `register` read. */
  async connection(): Promise<EngineStream> {
    const stream = await this.#streams.shift();
    const first = await stream.next();
    if (first.register === undefined) {
      throw new Error("the first frame has no register");
    }
    stream.register = first.register;
    return stream;
  }

  stop(): void {
    this.#server.forceShutdown();
  }
}
