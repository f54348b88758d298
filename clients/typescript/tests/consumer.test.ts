// Consuming a named subscription, against a service that the test scripts.
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  Client,
  MemoryCursorStore,
  silentLogger,
  Subscriber,
  type ConsumeOptions,
  type SubscriberOptions,
  type TaskerEvent,
} from "../src/index.js";
import { FakeEvents } from "./support/fake_events.js";
import { gate, Queue } from "./support/waiting.js";

let service: FakeEvents;

beforeEach(async () => {
  service = await FakeEvents.start();
});

afterEach(() => service.stop());

describe("a loop", () => {
  let client: Client;
  let ending: AbortController;
  let running: Promise<void>;
  let seen: Queue<string>;

  beforeEach(() => {
    client = new Client(service.address);
    ending = new AbortController();
    seen = new Queue();
  });

  afterEach(async () => {
    ending.abort();
    await running.catch(() => {});
    client.close();
  });

  function consume(handle: (event: TaskerEvent) => unknown = () => {}, options: ConsumeOptions = {}): void {
    running = (async () => {
      for await (const event of client.consume("mailer", { signal: ending.signal, ...options })) {
        seen.push(event.name);
        await handle(event);
      }
    })();
    running.catch(() => {});
  }

  async function next(count: number): Promise<string[]> {
    const names: string[] = [];
    while (names.length < count) {
      names.push(await seen.shift());
    }
    return names;
  }

  test("says which subscription it consumes, and how", async () => {
    consume(undefined, { names: ["task.*"], tags: ["x"], start: "earliest", consumerName: "one", unacknowledgedMax: 7 });
    expect((await service.call()).request).toMatchObject({
      subscription: "mailer",
      consumerName: "one",
      unacknowledgedMax: 7,
      filter: { names: ["task.*"], tags: ["x"] },
      start: { $case: "fromEarliest", value: true },
    });
  });

  test("takes the filter of the subscription if it asks for nothing", async () => {
    consume();
    const { request } = await service.call();
    expect([request.filter, request.start]).toEqual([undefined, undefined]);
  });

  test("acknowledges once for what came together, when all of it is dealt with", async () => {
    const held = gate();
    consume((event) => (event.name === "b" ? held.opened : undefined));
    const call = await service.call();
    call.accept("c-1");
    call.send("a", "b");
    call.send("c");
    expect(await next(2)).toEqual(["a", "b"]);
    const first = service.acknowledgement();
    held.open();
    expect(await first).toBe("mailer c-1: at b");
    expect(await service.acknowledgement()).toBe("mailer c-1: at c");
  });

  test.each([status.UNAVAILABLE, status.ABORTED, status.INTERNAL])("consumes anew, as another, after %i", async (code) => {
    consume(undefined, { start: "earliest" });
    const first = await service.call();
    first.accept("c-1");
    first.send("a");
    expect(await service.acknowledgement()).toBe("mailer c-1: at a");
    first.fail(code);
    const second = await service.call();
    expect(second.request.start).toEqual({ $case: "afterCursor", value: "at a" });
    second.accept("c-2");
    second.send("b");
    expect(await service.acknowledgement()).toBe("mailer c-2: at b");
    expect(await next(2)).toEqual(["a", "b"]);
  });

  test("finishes what is at hand when the call breaks meanwhile, and takes what comes again", async () => {
    const held = gate();
    consume(() => held.opened);
    const first = await service.call();
    first.accept("c-1");
    first.send("a", "b");
    await next(1);
    service.refuseAcknowledgement(status.ABORTED, "the consumer is gone");
    first.fail(status.UNAVAILABLE);
    held.open();
    expect(await service.acknowledgement()).toBe("mailer c-1: at b");
    const second = await service.call();
    expect(second.request.start).toBeUndefined();
    second.accept("c-2");
    second.send("a", "b");
    expect(await service.acknowledgement()).toBe("mailer c-2: at b");
    expect(await next(3)).toEqual(["b", "a", "b"]);
  });

  test.each([status.ABORTED, status.UNAVAILABLE, status.NOT_FOUND, status.INVALID_ARGUMENT])(
    "consumes anew when an acknowledgement fails by %i",
    async (code) => {
      consume();
      const first = await service.call();
      service.refuseAcknowledgement(code, "no");
      first.accept("c-1");
      first.send("a");
      expect(await service.acknowledgement()).toBe("mailer c-1: at a");
      (await service.call()).accept("c-2");
    },
  );

  test("throws if it may not acknowledge", async () => {
    consume();
    const call = await service.call();
    service.refuseAcknowledgement(status.PERMISSION_DENIED, "not yours");
    call.accept("c-1");
    call.send("a");
    await expect(running).rejects.toMatchObject({ code: status.PERMISSION_DENIED, message: expect.stringContaining("not yours") });
  });

  test.each([
    status.OUT_OF_RANGE,
    status.NOT_FOUND,
    status.INVALID_ARGUMENT,
    status.FAILED_PRECONDITION,
    status.PERMISSION_DENIED,
    status.UNAUTHENTICATED,
    status.UNIMPLEMENTED,
  ])("throws what consuming anew cannot mend: %i", async (code) => {
    consume();
    (await service.call()).fail(code, "why");
    await expect(running).rejects.toMatchObject({ code, message: expect.stringMatching(/: why$/) });
  });

  test("consumes anew with the next token if there may be another", async () => {
    client = new Client({ address: service.address, token: () => "token" });
    consume();
    (await service.call()).fail(status.UNAUTHENTICATED);
    (await service.call()).accept("c-2");
  });

  test("ends at once when it is aborted between events", async () => {
    consume();
    const call = await service.call();
    call.accept("c-1");
    call.send("a");
    await service.acknowledgement();
    ending.abort();
    await running;
    await call.cancelled;
  });

  test("acknowledges the event at hand when it is aborted, and takes no other", async () => {
    consume(() => ending.abort());
    const call = await service.call();
    call.accept("c-1");
    call.send("a", "b");
    expect(await service.acknowledgement()).toBe("mailer c-1: at a");
    await running;
    await call.cancelled;
    expect(await next(1)).toEqual(["a"]);
  });

  test("ends without a call if it is aborted before", async () => {
    ending.abort();
    consume();
    await running;
  });

  test("left by an error, it has acknowledged what came before the event at hand", async () => {
    consume((event) => {
      if (event.name === "c") {
        throw new Error("no mail today");
      }
    });
    const call = await service.call();
    call.accept("c-1");
    call.send("a", "b", "c", "d");
    await expect(running).rejects.toThrow("no mail today");
    expect(await service.acknowledgement()).toBe("mailer c-1: at b");
    await call.cancelled;
  });

  test("goes on when another loop of its client loses its call", async () => {
    consume();
    const first = await service.call();
    first.accept("c-1");
    const other = new AbortController();
    const another = client.consume("auditor", { signal: other.signal }).next();
    const second = await service.call();
    second.accept("c-2");
    second.fail(status.UNAVAILABLE);
    (await service.call()).accept("c-3");
    first.send("a");
    expect(await service.acknowledgement()).toBe("mailer c-1: at a");
    other.abort();
    expect((await another).done).toBe(true);
  });

  test("needs a name", async () => {
    running = Promise.resolve();
    await expect(client.consume("").next()).rejects.toThrow(TypeError);
  });
});

describe("a subscriber", () => {
  class Mailer extends Subscriber {
    override readonly subscribeTo: readonly string[] = ["order.*"];
    readonly seen = new Queue<string>();
    readonly held = gate();

    override async handleEvent(event: TaskerEvent) {
      this.seen.push(event.name);
      if (event.name === "order.bad") {
        throw new Error("in the subscriber");
      }
      if (event.name === "order.slow") {
        await this.held.opened;
      }
    }
  }

  let mailer: Mailer;

  afterEach(() => mailer.stop());

  function start(options: SubscriberOptions = {}): void {
    mailer = new Mailer({ address: service.address, logger: silentLogger, subscription: "mailer", ...options });
    mailer.run().catch(() => {});
  }

  test("acknowledges what its methods have ended on, whether they threw or not", async () => {
    start({ consumerName: "one", unacknowledgedMax: 7 });
    const call = await service.call();
    expect(call.request).toMatchObject({
      subscription: "mailer",
      consumerName: "one",
      unacknowledgedMax: 7,
      filter: { names: ["order.*"] },
    });
    call.accept("c-1");
    await mailer.subscribed();
    call.send("order.paid", "order.bad");
    expect(await service.acknowledgement()).toBe("mailer c-1: at order.bad");
    expect([await mailer.seen.shift(), await mailer.seen.shift()]).toEqual(["order.paid", "order.bad"]);
  });

  test("acknowledges the event at hand when it is stopped", async () => {
    start();
    const call = await service.call();
    call.accept("c-1");
    call.send("order.slow", "order.paid");
    expect(await mailer.seen.shift()).toBe("order.slow");
    const stopped = mailer.stop();
    mailer.held.open();
    await stopped;
    expect(await service.acknowledgement()).toBe("mailer c-1: at order.slow");
  });

  test("has its place kept by the service alone", () => {
    const options = { subscription: "mailer", cursorStore: new MemoryCursorStore() };
    expect(() => new Mailer(options)).toThrow("leave cursorStore out");
    mailer = new Mailer();
  });
});
