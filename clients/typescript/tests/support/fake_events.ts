// An event service that a test scripts: a real gRPC server that speaks EventService.
import {
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServerWritableStream,
} from "@grpc/grpc-js";
import { Event } from "../../src/generated/tasker/v1/event.js";
import { EventServiceService, SubscribeResponse, type SubscribeRequest } from "../../src/generated/tasker/v1/event_service.js";
import { AcknowledgeResponse, type AcknowledgeRequest } from "../../src/generated/tasker/v1/event_subscription.js";
import { gate, Queue } from "./waiting.js";

/** One call for events, as the service sees it. */
export class EventCall {
  readonly request: SubscribeRequest;
  /** Resolves once the caller has cancelled the call. */
  readonly cancelled: Promise<void>;
  readonly #call: ServerWritableStream<SubscribeRequest, SubscribeResponse>;

  constructor(call: ServerWritableStream<SubscribeRequest, SubscribeResponse>) {
    this.#call = call;
    this.request = call.request;
    const over = gate();
    this.cancelled = over.opened;
    call.on("cancelled", () => over.open());
  }

  /** The first response: it names the consumer. */
  accept(consumerId: string): void {
    this.#call.write(SubscribeResponse.create({ cursor: "start", consumerId }));
  }

  /** Events of these names, in one response; each one's cursor is `at NAME`. */
  send(...names: string[]): void {
    const events = names.map((name) => Event.fromPartial({ name, cursor: `at ${name}`, eventId: name }));
    this.#call.write(SubscribeResponse.create({ events, cursor: `behind ${names.at(-1)}` }));
  }

  /** Ends it by an error. */
  fail(code: status, details = "cut by the test"): void {
    this.#call.emit("error", { code, details });
  }
}

/** The service. Acknowledgements succeed unless `refuseAcknowledgement` has been called before. */
export class FakeEvents {
  readonly address: string;
  readonly #server: Server;
  readonly #calls = new Queue<EventCall>();
  readonly #acknowledged = new Queue<string>();
  readonly #refusals: { code: status; details: string }[] = [];

  private constructor(server: Server, address: string) {
    this.#server = server;
    this.address = address;
  }

  static async start(): Promise<FakeEvents> {
    const server = new Server();
    let fake: FakeEvents | undefined;
    server.addService(EventServiceService as never, {
      subscribe: (call: ServerWritableStream<SubscribeRequest, SubscribeResponse>) => fake!.#calls.push(new EventCall(call)),
      acknowledge: (call: ServerUnaryCall<AcknowledgeRequest, AcknowledgeResponse>, answer: sendUnaryData<AcknowledgeResponse>) =>
        fake!.#acknowledge(call.request, answer),
    });
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      ),
    );
    fake = new FakeEvents(server, `127.0.0.1:${port}`);
    return fake;
  }

  /** The next call for events. */
  call(): Promise<EventCall> {
    return this.#calls.shift();
  }

  /** The next acknowledgement: `SUBSCRIPTION CONSUMER: CURSOR`. */
  acknowledgement(): Promise<string> {
    return this.#acknowledged.shift();
  }

  /** Has the next acknowledgement fail. */
  refuseAcknowledgement(code: status, details: string): void {
    this.#refusals.push({ code, details });
  }

  stop(): void {
    this.#server.forceShutdown();
  }

  #acknowledge(request: AcknowledgeRequest, answer: sendUnaryData<AcknowledgeResponse>): void {
    this.#acknowledged.push(`${request.subscription} ${request.consumerId}: ${request.cursor}`);
    const refusal = this.#refusals.shift();
    if (refusal === undefined) {
      answer(null, AcknowledgeResponse.create({ cursor: request.cursor }));
    } else {
      answer(refusal);
    }
  }
}
