import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BusinessError, PermanentError, RetryableError, silentLogger, Worker, type StepHandlerSource, type WorkerOptions } from "../src/index.js";
import { AssignmentKind, ProtocolFeature } from "../src/generated/tasker/v1/handler_service.js";
import type { Failure } from "../src/generated/tasker/v1/task.js";
import type { StepResult } from "../src/generated/tasker/v1/handler_service.js";
import { ALL_FEATURES, FakeEngine, type EngineStream } from "./support/fake_engine.js";
import { gate } from "./support/waiting.js";

let engine: FakeEngine;
let workers: Worker[];
let running: Promise<void>;

beforeEach(async () => {
  engine = await FakeEngine.start();
  workers = [];
});

afterEach(async () => {
  engine.stop();
  await Promise.all(workers.map((worker) => worker.stop()));
});

function start(handler: StepHandlerSource, options: WorkerOptions = {}): Worker {
  const worker = new Worker({ address: engine.address, logger: silentLogger, drainTimeoutMs: 1, ...options }).register("H", handler);
  workers.push(worker);
  running = worker.run({ handleSignals: false });
  running.catch(() => {});
  return worker;
}

async function accepted(options?: Parameters<EngineStream["accept"]>[0]): Promise<EngineStream> {
  const stream = await engine.connection();
  stream.accept(options);
  return stream;
}

function failureIn(result: StepResult | undefined): Failure {
  if (result?.outcome?.$case !== "failure") {
    throw new Error(`not a failure: ${JSON.stringify(result?.outcome?.$case)}`);
  }
  return result.outcome.value;
}

function resultsIn(result: StepResult | undefined): unknown {
  if (result?.outcome?.$case !== "success") {
    throw new Error(`not a success: ${JSON.stringify(result?.outcome)}`);
  }
  return JSON.parse(result.outcome.value.results.toString() || "null");
}

test("register names the worker, and comes alone", async () => {
  start(() => ({}), { name: "orders", concurrency: 7, namespace: "shop", labels: { zone: "a" } });
  const stream = await engine.connection();
  expect(stream.register).toMatchObject({
    name: "orders",
    sdkName: "tasker-typescript",
    concurrency: 7,
    labels: { zone: "a" },
    handlerClasses: [{ handlerClass: "H", namespace: "shop", version: "", concurrency: 0 }],
    confirmsAssignments: true,
    features: ALL_FEATURES,
    heldTokens: [],
  });
  expect(stream.register.instanceId).toMatch(/^[0-9a-f-]{36}$/);
  expect(stream.frames[0]).toMatchObject({ results: [], confirmedTokens: [], credits: undefined });
});

test("an assignment is confirmed before its work begins, and its result brings a credit", async () => {
  const begun = gate();
  const release = gate();
  start(
    async (task) => {
      begun.open();
      await release.opened;
      return { doubled: task.context.n * 2 };
    },
    { concurrency: 3 },
  );
  const stream = await accepted();
  expect((await stream.next()).credits).toBe(3n);
  stream.hand("a", { context: Buffer.from('{"n": 21}') });
  const confirmation = await stream.next();
  expect(confirmation.confirmedTokens.map(String)).toEqual(["a"]);
  expect(confirmation.results).toEqual([]);
  await begun.opened;
  release.open();
  const frame = await stream.next();
  expect(frame.results.map(resultsIn)).toEqual([{ doubled: 42 }]);
  expect(frame.credits).toBe(4n);
});

test("what is ready at one time leaves in one frame", async () => {
  start(() => ({}));
  const stream = await accepted();
  await stream.next();
  stream.assign("a", "b", "c");
  const frames = [await stream.next(), await stream.next()];
  expect(frames.map((frame) => frame.confirmedTokens.length)).toEqual([3, 0]);
  expect(frames.map((frame) => frame.results.length)).toEqual([0, 3]);
});

test("a service without credits gets none", async () => {
  start(() => ({}));
  const stream = await accepted({ features: [] });
  stream.assign("a");
  await stream.nextResults(1);
  expect(stream.frames.every((frame) => frame.credits === undefined)).toBe(true);
});

describe("failures", () => {
  const thrown: [string, unknown, Partial<Failure>][] = [
    ["an error of the language", new RangeError("too far"), { errorClass: "RangeError", message: "too far", retryable: true }],
    ["RetryableError", new RetryableError("later", { retryAfterMs: 1500 }), { errorClass: "RetryableError", retryable: true, retryAfter: { seconds: 1n, nanos: 500_000_000 } }],
    ["PermanentError", new PermanentError("never"), { errorClass: "PermanentError", retryable: false }],
    ["what is no error", "text", { errorClass: "Error", message: "text", retryable: true }],
    ["BusinessError", new BusinessError("Declined", "no funds", { code: 51 }), { errorClass: "Declined", retryable: false, business: true, details: Buffer.from('{"code":51}') }],
  ];
  test.each(thrown)("%s", async (_name, error, expected) => {
    start(() => {
      throw error;
    });
    const stream = await accepted();
    stream.assign("a");
    expect(failureIn((await stream.nextResults(1))[0])).toMatchObject(expected);
  });

  test("the backtrace begins with the innermost frame", async () => {
    start(function outer() {
      return (function innermost(): never {
        throw new Error("here");
      })();
    });
    const stream = await accepted();
    stream.assign("a");
    const [first, second] = failureIn((await stream.nextResults(1))[0]).backtrace.split("\n");
    expect(first).toMatch(/^at innermost /);
    expect(second).toMatch(/outer/);
  });

  test("results that are too long name size and limit", async () => {
    start(() => ({ data: "x".repeat(100) }));
    const stream = await accepted({ payloadBytesMax: 50 });
    stream.assign("a");
    expect(failureIn((await stream.nextResults(1))[0])).toMatchObject({
      errorClass: "Tasker::InvalidResults",
      message: "the results have 111 bytes, the limit is 50",
      retryable: false,
    });
  });

  test("what cannot be understood is failed for good, and the worker goes on", async () => {
    start((task) => ({ seen: task.context }));
    const stream = await accepted();
    stream.hand("a", { context: Buffer.from("{") });
    stream.hand("b", { handlerClass: "Unknown" });
    stream.hand("c", { kind: 99 as AssignmentKind });
    stream.hand("d", {});
    const results = new Map((await stream.nextResults(4)).map((each) => [String(each.token), each]));
    expect(failureIn(results.get("a"))).toMatchObject({ errorClass: "Tasker::InvalidAssignment", retryable: false });
    expect(failureIn(results.get("b"))).toMatchObject({ errorClass: "UnknownHandlerClass", retryable: false });
    expect(failureIn(results.get("c"))).toMatchObject({ errorClass: "UnknownAssignmentKind", retryable: false });
    expect(resultsIn(results.get("d"))).toEqual({ seen: {} });
  });
});

describe("a broken stream", () => {
  test("results are kept until they are acknowledged", async () => {
    start(() => ({ n: 1 }), { concurrency: 2 });
    const first = await accepted();
    first.assign("a", "b");
    await first.nextResults(2);
    first.acknowledge("a");
    first.assign("c");
    await first.nextResults(3);
    first.end();
    const second = await engine.connection();
    expect(second.register.instanceId).toBe(first.register.instanceId);
    expect(second.register.heldTokens.map(String)).toEqual(["b", "c"]);
    second.accept();
    expect((await second.nextResults(2)).map((each) => String(each.token))).toEqual(["b", "c"]);
    expect(second.frames.at(-1)!.credits).toBe(2n);
  });

  test("what the engine no longer knows is cancelled and forgotten", async () => {
    const cancelled = gate();
    start((_task, _sequence, step) => {
      step.signal.addEventListener("abort", () => cancelled.open());
      return new Promise(() => {});
    });
    const first = await accepted();
    first.assign("a");
    await first.nextWhere((frame) => frame.confirmedTokens.length > 0);
    first.end();
    const second = await engine.connection();
    second.accept({ stale: [Buffer.from("a")] });
    await cancelled.opened;
    second.end();
    expect((await engine.connection()).register.heldTokens).toEqual([]);
  });

  test.each([status.INVALID_ARGUMENT, status.ABORTED, status.UNAUTHENTICATED, status.PERMISSION_DENIED])(
    "status %i ends the worker",
    async (code) => {
      start(() => ({}));
      (await engine.connection()).end(code, "because");
      await expect(running).rejects.toMatchObject({ code, message: `${status[code]}: because` });
    },
  );

  test("a token that can be renewed is asked for again", async () => {
    let calls = 0;
    start(() => ({}), { token: () => `token-${++calls}` });
    const first = await engine.connection();
    expect(first.authorization).toBe("Bearer token-1");
    first.end(status.UNAUTHENTICATED);
    expect((await engine.connection()).authorization).toBe("Bearer token-2");
  });

  test("the next address is tried", async () => {
    const other = await FakeEngine.start();
    try {
      start(() => ({}), { address: [engine.address, other.address] });
      const one = engine.connection();
      const two = other.connection();
      const first = await Promise.race([one, two]);
      first.end();
      const streams = await Promise.all([one, two]);
      expect(streams[0].register.instanceId).toBe(streams[1].register.instanceId);
    } finally {
      other.stop();
    }
  });
});

describe("signs of life", () => {
  test("a heartbeat names all that is held, sooner where an attempt needs it", async () => {
    start(() => new Promise(() => {}));
    const stream = await accepted({ heartbeatMs: 3_600_000 });
    stream.assign("a");
    stream.hand("b", { heartbeatTimeout: { seconds: 0n, nanos: 30_000_000 } });
    const frame = await stream.nextWhere((each) => each.heartbeat !== undefined);
    expect(frame.heartbeat!.tokens.map(String)).toEqual(["a", "b"]);
  });

  test("progress and checkpoint leave before the result", async () => {
    start((_task, _sequence, step) => {
      step.checkpoint({ page: 1 });
      step.checkpoint({ page: 2 });
      step.progress(0.5, "half");
      return {};
    });
    const stream = await accepted();
    stream.assign("a");
    const told = await stream.nextWhere((frame) => frame.heartbeat !== undefined);
    expect(told.results).toEqual([]);
    expect(told.heartbeat!.checkpoints.map((each) => String(each.checkpoint))).toEqual(['{"page":2}']);
    expect(told.heartbeat!.progress).toMatchObject([{ fraction: 0.5, message: "half" }]);
    await stream.nextResults(1);
  });

  test("a new access token goes with a heartbeat", async () => {
    let token = "old";
    start(() => new Promise(() => {}), { token: () => token });
    const stream = await accepted({ heartbeatMs: 20 });
    token = "new";
    expect((await stream.nextWhere((frame) => frame.accessToken !== "")).accessToken).toBe("new");
  });
});

describe("cancellation", () => {
  test("the step sees the reason, and its failure is not tried again", async () => {
    start(async (_task, _sequence, step) => {
      await step.sleep(3_600_000);
    });
    const stream = await accepted();
    stream.assign("a");
    await stream.nextWhere((frame) => frame.confirmedTokens.length > 0);
    stream.send({ cancellations: [{ token: Buffer.from("a"), reason: "the customer left", superseded: false }] });
    expect(failureIn((await stream.nextResults(1))[0])).toMatchObject({
      errorClass: "StepCancelled",
      message: "step is cancelled: the customer left",
      retryable: false,
    });
  });

  test("a superseded attempt sends nothing and gives its credit back", async () => {
    start(
      async (_task, _sequence, step) => {
        await step.sleep(3_600_000);
      },
      { concurrency: 2 },
    );
    const stream = await accepted();
    expect((await stream.next()).credits).toBe(2n);
    stream.assign("a");
    stream.send({ cancellations: [{ token: Buffer.from("a"), reason: "", superseded: true }] });
    const frame = await stream.nextWhere((each) => each.credits !== undefined);
    expect(frame.credits).toBe(3n);
    expect(stream.results).toEqual([]);
  });

  test("what waits for room is answered without having begun", async () => {
    let begun = 0;
    start(
      (_task, _sequence, step) => {
        begun++;
        return step.sleep(3_600_000);
      },
      { concurrency: 1 },
    );
    const stream = await accepted({ features: [] });
    stream.assign("a", "b");
    await stream.nextWhere((frame) => frame.confirmedTokens.length > 0);
    stream.send({ cancellations: [{ token: Buffer.from("b"), reason: "late", superseded: false }] });
    expect(failureIn((await stream.nextResults(1))[0])).toMatchObject({ errorClass: "StepCancelled" });
    expect(begun).toBe(1);
  });
});

describe("draining", () => {
  test("what is held is finished, and the engine's answer awaited", async () => {
    const release = gate();
    const worker = start(() => release.opened.then(() => ({})), { drainTimeoutMs: 60_000 });
    const stream = await accepted();
    stream.assign("a");
    await stream.nextWhere((frame) => frame.confirmedTokens.length > 0);
    const stopped = worker.stop("deploy");
    expect((await stream.nextWhere((frame) => frame.drain !== undefined)).drain).toEqual({ reason: "deploy" });
    release.open();
    await stream.nextResults(1);
    expect(stream.frames.at(-1)!.credits).toBeUndefined();
    stream.acknowledge("a");
    stream.send({ drain: { reason: "" } });
    await stream.closed();
    stream.end(status.OK);
    await stopped;
    await running;
  });

  test("after the engine's drain the worker comes again", async () => {
    start(() => ({}));
    const stream = await accepted();
    stream.send({ drain: { reason: "upgrade" } });
    await stream.closed();
    stream.end(status.OK);
    await engine.connection();
  });

  test("what is not finished in time is given up", async () => {
    const worker = start(() => new Promise(() => {}), { drainTimeoutMs: 1 });
    const stream = await accepted();
    stream.assign("a");
    await stream.nextWhere((frame) => frame.confirmedTokens.length > 0);
    await worker.stop();
    await running;
  });
});

test("a deferred step sends its deferral and its events", async () => {
  let token = "";
  start((_task, _sequence, step) => {
    token = step.token;
    step.publish("order.asked", { n: 1 });
    step.defer(2000);
    return { ignored: true };
  });
  const stream = await accepted();
  stream.assign("a?>");
  const [result] = await stream.nextResults(1);
  expect(result!.outcome).toEqual({ $case: "deferred", value: { timeout: { seconds: 2n, nanos: 0 } } });
  expect(result!.events).toMatchObject([{ name: "order.asked", payload: Buffer.from('{"n":1}') }]);
  expect(Buffer.from(token, "base64url").toString()).toBe("a?>");
});

test("an older service is told in its own words", async () => {
  start((task, _sequence, step) => {
    step.publish("order.asked");
    if (task.context.defer) {
      step.defer();
      return {};
    }
    throw new BusinessError("Declined", "no", { code: 51 });
  });
  const stream = await accepted({ features: [ProtocolFeature.CREDITS] });
  stream.hand("a", {});
  const [declined] = await stream.nextResults(1);
  expect(failureIn(declined)).toMatchObject({ errorClass: "Declined", retryable: false, business: false, details: Buffer.alloc(0) });
  expect(declined!.events).toEqual([]);
  stream.hand("b", { context: Buffer.from('{"defer": true}') });
  expect(failureIn((await stream.nextResults(2))[1])).toMatchObject({ errorClass: "PermanentError", retryable: false });
});

test("metrics hooks are told, and what they throw harms nobody", async () => {
  const told: string[] = [];
  start(() => ({}), {
    metrics: {
      connected: (address) => told.push(`connected ${address}`),
      stepStarted: (step) => {
        told.push(`started ${step.handlerClass}`);
        throw new Error("in the hook");
      },
      stepFinished: (step, outcome, seconds) => told.push(`finished ${step.stepName} ${outcome} ${seconds >= 0}`),
    },
  });
  const stream = await accepted();
  stream.assign("a");
  await stream.nextResults(1);
  expect(told).toEqual([`connected ${engine.address}`, "started H", "finished step success true"]);
});

test("settings that cannot be are refused", () => {
  expect(() => new Worker({ concurrency: 0 })).toThrow(RangeError);
  expect(() => new Worker({ address: "" })).toThrow("host:port");
  expect(() => new Worker().run()).toThrow("no handler is registered");
  expect(() => new Worker().register("H", () => ({})).register("H", () => ({}))).toThrow("registered already");
});
