import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Server, ServerCredentials, status, type ServerWritableStream } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Event } from "../src/generated/tasker/v1/event.js";
import { EventServiceService, type SubscribeRequest, SubscribeResponse } from "../src/generated/tasker/v1/event_service.js";
import { FileCursorStore, MemoryCursorStore, safeGet, silentLogger, Subscriber, type SubscriberOptions, type TaskerEvent } from "../src/index.js";
import { fakeEvent } from "../src/testing/index.js";
import { Queue } from "./support/waiting.js";

class Recorder extends Subscriber {
  override readonly subscribeTo = ["task.completed", "step.*"];
  readonly seen = new Queue<string>();

  handleTaskCompleted(event: TaskerEvent) {
    this.seen.push(`completed ${event.taskId}`);
  }

  handle_step_started(event: TaskerEvent) {
    this.seen.push(`started ${event.name}`);
  }

  async handleStepFailed() {
    this.seen.push("failed");
    throw new Error("in the subscriber");
  }

  override handleEvent(event: TaskerEvent) {
    this.seen.push(`other ${event.name}`);
  }
}

describe("routing", () => {
  test.each([
    [fakeEvent("task.completed", { taskId: "t" }), "completed t"],
    [fakeEvent("step.execution_requested"), "started step.execution_requested"],
    [fakeEvent("step.started"), "started step.started"],
    [fakeEvent("step.failed"), "failed"],
    [fakeEvent("order.paid"), "other order.paid"],
    [fakeEvent("event"), "other event"],
  ])("%#", async (event, expected) => {
    const recorder = new Recorder({ logger: silentLogger });
    await recorder.dispatch(event);
    expect(await recorder.seen.shift()).toBe(expected);
  });
});

test("safeGet looks into the payload and the event, and never throws", () => {
  const event = fakeEvent("step.failed", { taskId: "t", payload: { error_message: "bad", empty: null, zero: 0 } });
  expect(safeGet(event, "error_message")).toBe("bad");
  expect(safeGet(event, "task_id")).toBe("t");
  expect(safeGet(event, "taskId")).toBe("t");
  expect(safeGet(event, "zero", 7)).toBe(0);
  expect(safeGet(event, "empty", "none")).toBe("none");
  expect(safeGet(event, "constructor", "none")).toBe("none");
  expect(safeGet(undefined, "task_id", "none")).toBe("none");
});

describe("a stream", () => {
  type Call = ServerWritableStream<SubscribeRequest, SubscribeResponse>;
  let server: Server;
  let calls: Queue<Call>;
  let address: string;
  let subscriber: Recorder;
  let folder: string;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "tasker-subscriber-"));
    calls = new Queue();
    server = new Server();
    server.addService(EventServiceService as never, { subscribe: (call: Call) => calls.push(call) });
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
    );
    address = `127.0.0.1:${port}`;
  });

  afterEach(async () => {
    await subscriber.stop();
    server.forceShutdown();
    rmSync(folder, { recursive: true });
  });

  function start(options: SubscriberOptions = {}): Promise<void> {
    subscriber = new Recorder({ address, logger: silentLogger, ...options });
    const running = subscriber.run();
    running.catch(() => {});
    return running;
  }

  const send = (call: Call, cursor: string, ...names: string[]) =>
    call.write(
      SubscribeResponse.create({
        cursor,
        events: names.map((name, index) => Event.fromPartial({ name, taskId: "t", cursor: `${cursor}.${index}` })),
      }),
    );

  test("asks for what is subscribed to, and goes on behind what it has handled", async () => {
    void start({ start: "earliest", namespace: "shop", taskName: "order", taskIds: ["a"] });
    const first = await calls.shift();
    expect(first.request).toMatchObject({
      filter: { names: ["task.completed", "step.*"], namespace: "shop", taskName: "order", taskIds: ["a"] },
      start: { $case: "fromEarliest", value: true },
    });
    send(first, "c0");
    await subscriber.subscribed();
    send(first, "c1", "step.failed", "task.completed");
    expect([await subscriber.seen.shift(), await subscriber.seen.shift()]).toEqual(["failed", "completed t"]);
    send(first, "c2", "order.paid");
    expect(await subscriber.seen.shift()).toBe("other order.paid");
    first.emit("error", { code: status.UNAVAILABLE, details: "cut" });
    expect((await calls.shift()).request.start).toEqual({ $case: "afterCursor", value: "c2" });
  });

  test("begins where the store says, and keeps how far it came", async () => {
    const path = join(folder, "cursor");
    const store = new FileCursorStore(path);
    await store.save("c7");
    void start({ cursorStore: store });
    const call = await calls.shift();
    expect(call.request.start).toEqual({ $case: "afterCursor", value: "c7" });
    send(call, "c8", "task.completed");
    await subscriber.seen.shift();
    send(call, "c9", "task.completed");
    await subscriber.seen.shift();
    // The batch before is kept by the time that the next one is handled.
    expect(["c8\n", "c9\n"]).toContain(readFileSync(path, "utf8"));
    await subscriber.stop();
    expect(await store.load()).toMatch(/^c9/);
  });

  test("ends with what connecting again cannot mend", async () => {
    const running = start();
    (await calls.shift()).emit("error", { code: status.OUT_OF_RANGE, details: "the earliest is c5" });
    await expect(running).rejects.toThrow("OUT_OF_RANGE: the earliest is c5");
  });
});

test("a store without a cursor says so", async () => {
  expect(await new FileCursorStore(join(tmpdir(), "no-such-folder", "cursor")).load()).toBeUndefined();
  expect(await new MemoryCursorStore().load()).toBeUndefined();
});
