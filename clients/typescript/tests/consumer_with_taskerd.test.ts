// Consuming named subscriptions of a real service, over crashes of either side.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { status } from "@grpc/grpc-js";
import { afterEach, expect } from "vitest";
import type { ConsumeOptions, TaskerEvent } from "../src/index.js";
import { Client, StepHandler } from "../src/index.js";
import { taskerTest } from "../src/testing/vitest.js";
import { Queue } from "./support/waiting.js";

const TEMPLATE = new URL("support/two_steps.yaml", import.meta.url).pathname;
const PACKAGE = new URL("../dist/index.js", import.meta.url).href;
const test = taskerTest({ templates: [TEMPLATE] });

class Nothing extends StepHandler {
  async process() {
    return {};
  }
}

const endings: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await Promise.all(endings.splice(0).map((end) => end()));
});

/** Consumes until the test is over, or `end` is called. */
function consume(address: string, subscription: string, options: ConsumeOptions = {}) {
  const client = new Client(address);
  const ending = new AbortController();
  const seen = new Queue<TaskerEvent>();
  const running = (async () => {
    for await (const event of client.consume(subscription, { start: "earliest", signal: ending.signal, ...options })) {
      seen.push(event);
    }
  })();
  const end = async () => {
    ending.abort();
    await running;
    client.close();
  };
  endings.push(end);
  return { seen, end };
}

test("goes on where it was after a crash of the service", async ({ taskerd }) => {
  const { seen } = consume(taskerd.address, "mailer", { names: ["order.*"] });
  await taskerd.client.publishEvent("order.paid", { n: 1 });
  expect((await seen.shift()).payload).toEqual({ n: 1 });
  await taskerd.kill();
  await taskerd.restart();
  await taskerd.client.publishEvent("order.paid", { n: 2 });
  // The first comes again if the service was killed before it was acknowledged.
  let event = await seen.shift();
  while (event.payload.n === 1) {
    event = await seen.shift();
  }
  expect(event.payload).toEqual({ n: 2 });
});

test("what was acknowledged does not come again, what was at hand in a loop that was left does", async ({ taskerd }) => {
  for (const n of [1, 2, 3]) {
    await taskerd.client.publishEvent("order.paid", { n });
  }
  const all = { names: ["order.*"], start: "earliest" } as const;
  for await (const event of taskerd.client.consume("mailer", all)) {
    if (event.payload.n === 2) {
      break;
    }
  }
  const { seen, end } = consume(taskerd.address, "mailer");
  expect([(await seen.shift()).payload.n, (await seen.shift()).payload.n]).toEqual([2, 3]);
  await end();
  await taskerd.client.publishEvent("order.paid", { n: 4 });
  expect((await consume(taskerd.address, "mailer").seen.shift()).payload.n).toBe(4);
});

test("the event at hand when a loop is aborted is acknowledged", async ({ taskerd }) => {
  for (const n of [1, 2, 3]) {
    await taskerd.client.publishEvent("order.paid", { n });
  }
  const ending = new AbortController();
  const options = { names: ["order.*"], start: "earliest", signal: ending.signal } as const;
  for await (const event of taskerd.client.consume("mailer", options)) {
    if (event.payload.n === 2) {
      ending.abort();
      // By now the service would have heard of it if the call had been ended before its time.
      await taskerd.client.publishEvent("order.paid", { n: 4 });
    }
  }
  const { seen } = consume(taskerd.address, "mailer");
  expect([(await seen.shift()).payload.n, (await seen.shift()).payload.n]).toEqual([3, 4]);
});

test("an event during which a consumer was killed comes again, before later ones", async ({ taskerd }) => {
  const program = `
    import { Client } from ${JSON.stringify(PACKAGE)};
    for await (const { payload } of new Client(process.argv[1]).consume("mailer", { names: ["order.*"], start: "earliest" })) {
      console.log(payload.n);
      if (payload.n === 2) await new Promise(() => setInterval(() => {}, 60_000));
    }`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program, taskerd.address], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  endings.push(() => killed(child));
  const lines = new Queue<string>();
  createInterface({ input: child.stdout! }).on("line", (line) => lines.push(line));
  await taskerd.client.publishEvent("order.paid", { n: 1 });
  expect(await lines.shift()).toBe("1");
  await taskerd.client.publishEvent("order.paid", { n: 2 });
  expect(await lines.shift()).toBe("2");
  await taskerd.client.publishEvent("order.paid", { n: 3 });
  await killed(child);
  const { seen } = consume(taskerd.address, "mailer");
  // The first was acknowledged before the second was asked for.
  expect([(await seen.shift()).payload.n, (await seen.shift()).payload.n]).toEqual([2, 3]);
});

test("consumers share the tasks, and each task's events come in their order", async ({ taskerd }) => {
  await taskerd.serve({ First: Nothing, Second: Nothing });
  const seen = new Queue<TaskerEvent>();
  const names = ["task.*", "step.*"];
  for (const consumerName of ["one", "two"]) {
    const consumer = consume(taskerd.address, "auditor", { names, consumerName, unacknowledgedMax: 4 });
    void forward(consumer.seen, seen);
  }
  const tasks = await Promise.all(Array.from({ length: 12 }, () => taskerd.runTask("two_steps")));
  const ofTask = new Map<string, string[]>(tasks.map(({ id }) => [id, []]));
  for (let open = tasks.length; open > 0; ) {
    const event = await seen.shift();
    ofTask.get(event.taskId)!.push(event.id);
    open -= event.name === "task.completed" ? 1 : 0;
  }
  const inLog = new Map<string, string[]>(tasks.map(({ id }) => [id, []]));
  let open = tasks.length;
  for await (const event of taskerd.client.events({ names, start: "earliest" })) {
    inLog.get(event.taskId)!.push(event.id);
    open -= event.name === "task.completed" ? 1 : 0;
    if (open === 0) {
      break;
    }
  }
  expect(ofTask).toEqual(inLog);
});

test("says why it cannot consume", async ({ taskerd }) => {
  const first = (options: ConsumeOptions, name = "mailer") => taskerd.client.consume(name, options).next();
  const { seen } = consume(taskerd.address, "mailer", { names: ["order.*"] });
  await taskerd.client.publishEvent("order.paid");
  await seen.shift();
  await expect(first({ names: ["step.*"] })).rejects.toMatchObject({ code: status.FAILED_PRECONDITION });
  await expect(first({}, "not a name")).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
});

async function forward<Value>(from: Queue<Value>, to: Queue<Value>): Promise<void> {
  for (;;) {
    to.push(await from.shift());
  }
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }
}
