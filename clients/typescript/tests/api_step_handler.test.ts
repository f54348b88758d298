import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ApiStepHandler, PermanentError, RetryableError, StepCancelled, type Sequence, type Step, type Task } from "../src/index.js";
import { retryAfterMs } from "../src/http/retry_after.js";
import { makeStep, runHandler } from "../src/testing/index.js";

interface Seen {
  method: string;
  url: string;
  headers: IncomingMessage["headers"];
  body: string;
}

let server: Server;
let url: string;
let seen: Seen[];
let answer: (response: ServerResponse, call: number) => void;

beforeEach(async () => {
  seen = [];
  answer = (response) => response.setHeader("content-type", "application/json").end('{"id":9223372036854775807}');
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      seen.push({ method: request.method!, url: request.url!, headers: request.headers, body });
      answer(response, seen.length);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function run(handlerConfig: object, fields: object = {}, handler: typeof ApiStepHandler = ApiStepHandler) {
  return runHandler(handler, { step: makeStep("call", { handlerConfig, ...fields }) });
}

async function failure(handlerConfig: object): Promise<unknown> {
  return run(handlerConfig).then(
    () => undefined,
    (error) => error,
  );
}

test("the configured request is made, and its answer is the result", async () => {
  const config = { url: `${url}/orders?a=1`, method: "post", params: { tag: ["x", "y"] }, headers: { "X-Key": "k" }, payload: { n: 1 } };
  const results = await run(config, { traceparent: "00-1-2-01", tracestate: "v=1" });
  expect(seen).toMatchObject([
    {
      method: "POST",
      url: "/orders?a=1&tag=x&tag=y",
      body: '{"n":1}',
      headers: { "x-key": "k", "content-type": "application/json", traceparent: "00-1-2-01", tracestate: "v=1" },
    },
  ]);
  expect(results).toMatchObject({ status: 200, headers: { "content-type": "application/json" }, body: { id: 9223372036854775807n } });
});

test("a handler of one's own makes calls with the connection", async () => {
  class Custom extends ApiStepHandler {
    override async process(_task: Task, _sequence: Sequence, step: Step) {
      const connection = this.connection(step);
      await connection.get("/users/7", { full: true });
      return (await connection.put("users/7", { name: "Ada" })).status;
    }
  }
  expect(await run({ url: `${url}/v1/` }, {}, Custom)).toBe(200);
  expect(seen.map((each) => `${each.method} ${each.url} ${each.body}`)).toEqual([
    "GET /v1/users/7?full=true ",
    'PUT /v1/users/7 {"name":"Ada"}',
  ]);
});

test("what is no JSON is text", async () => {
  answer = (response) => response.setHeader("content-type", "application/json").end("<html>");
  expect(await run({ url })).toMatchObject({ body: "<html>" });
});

describe("failures", () => {
  test.each([
    [400, PermanentError],
    [404, PermanentError],
    [302, PermanentError],
    [429, RetryableError],
    [500, RetryableError],
    [503, RetryableError],
  ])("status %i", async (status, kind) => {
    answer = (response) => response.writeHead(status).end();
    const error = await failure({ url });
    expect(error).toBeInstanceOf(kind);
    expect((error as Error).message).toMatch(/^GET http:\/\/127\.0\.0\.1:\d+\/: (status \d+|.*redirect.*)/i);
  });

  test("Retry-After is passed on", async () => {
    answer = (response) => response.writeHead(429, { "retry-after": "7" }).end();
    expect(await failure({ url })).toMatchObject({ retryAfterMs: 7000 });
  });

  test("no answer in time, and nobody there", async () => {
    answer = () => {};
    expect(await failure({ url, timeout: 0.05 })).toMatchObject({ name: "RetryableError", message: expect.stringContaining("no answer within 0.05 s") });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect(await failure({ url })).toMatchObject({ name: "RetryableError", message: expect.stringContaining("ECONNREFUSED") });
  });

  test("settings that make no sense", async () => {
    expect(await failure({})).toMatchObject({ name: "PermanentError", message: expect.stringContaining("url has to be") });
    expect(await failure({ url, timeout: "soon" })).toMatchObject({ name: "PermanentError", message: expect.stringContaining("timeout") });
  });

  test("`retries` are made within the attempt", async () => {
    answer = (response, call) => response.writeHead(call < 3 ? 500 : 200).end();
    await run({ url, retries: 3, retry_delay: 0.001, enable_exponential_backoff: true });
    expect(seen).toHaveLength(3);
  });

  test("a cancelled step ends its call", async () => {
    const step = makeStep("call", { handlerConfig: { url } });
    answer = () => step.cancel("enough");
    await expect(runHandler(ApiStepHandler, { step })).rejects.toBeInstanceOf(StepCancelled);
  });
});

test("Retry-After is seconds or a date", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  expect(retryAfterMs("120", now)).toBe(120_000);
  expect(retryAfterMs("Thu, 01 Jan 2026 00:00:30 GMT", now)).toBe(30_000);
  expect(retryAfterMs("Thu, 01 Jan 2025 00:00:30 GMT", now)).toBe(0);
  for (const value of [undefined, "", "soon", "-5"]) {
    expect(retryAfterMs(value, now)).toBeUndefined();
  }
});
