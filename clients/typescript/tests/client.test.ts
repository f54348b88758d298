import { readFileSync } from "node:fs";
import { describe, expect } from "vitest";
import { BusinessError, PermanentError, TaskerError, type StepHandlerSource } from "../src/index.js";
import { taskerTest } from "../src/testing/vitest.js";
import { gate } from "./support/waiting.js";

const TEMPLATE = new URL("support/two_steps.yaml", import.meta.url).pathname;
const test = taskerTest({ templates: [TEMPLATE] });

const done: Record<string, StepHandlerSource> = {
  First: (task) => ({ n: task.context.n }),
  Second: async (_task, sequence) => ({ twice: (await sequence.findStepByName("first")).results.n * 2 }),
};

describe("with a real service", () => {
  test("a task is created, waited for and shown", async ({ taskerd }) => {
    await taskerd.serve(done);
    const { client } = taskerd;
    const created = await client.createTask("two_steps", { n: 21 }, { tags: ["a"], initiator: "tests", priority: 7, idempotencyKey: "k" });
    expect(created).toMatchObject({ version: "1.0.0", existing: false });
    expect(await client.createTask("two_steps", { n: 21 }, { idempotencyKey: "k" })).toMatchObject({ id: created.id, existing: true });
    const task = await client.waitForTask(created.id);
    expect(task).toMatchObject({ state: "complete", finished: true, context: { n: 21 }, tags: ["a"], initiator: "tests", priority: 7 });
    expect(task.steps.map((step) => [step.name, step.state, step.results])).toEqual([
      ["first", "complete", { n: 21 }],
      ["second", "complete", { twice: 42 }],
    ]);
  });

  test("lists go over pages", async ({ taskerd }) => {
    const { client } = taskerd;
    const ids = [];
    for (let n = 0; n < 5; n++) {
      ids.unshift((await client.createTask("two_steps", { n })).id);
    }
    const listed = [];
    for await (const task of client.listTasks({ name: "two_steps", pageSize: 2 })) {
      listed.push(task.id);
    }
    expect(listed).toEqual(ids);
  });

  test("errors have the code and the service's message", async ({ taskerd }) => {
    const unknown = taskerd.client.getTask("00000000-0000-4000-8000-000000000000");
    await expect(unknown).rejects.toMatchObject({ name: "TaskerError", codeName: "NOT_FOUND" });
    await expect(taskerd.client.createTask("two_stps")).rejects.toThrow(/NOT_FOUND: .*two_steps/);
    await expect(taskerd.client.applyTemplate("steps: 7")).rejects.toBeInstanceOf(TaskerError);
    expect(await taskerd.client.applyTemplate(readFileSync(TEMPLATE, "utf8"))).toMatchObject({ name: "two_steps", created: false });
  });

  test("a wait ends with its time, its signal, or the task", async ({ taskerd }) => {
    const { client } = taskerd;
    const { id } = await client.createTask("two_steps");
    await expect(client.waitForTask(id, { timeoutMs: 1 })).rejects.toMatchObject({ codeName: "DEADLINE_EXCEEDED" });
    await expect(client.waitForTask(id, { signal: AbortSignal.abort() })).rejects.toMatchObject({ codeName: "CANCELLED" });
    const waiting = client.waitForTask(id);
    await client.cancelTask(id, { reason: "no longer wanted", initiator: "tests" });
    expect((await waiting).state).toBe("cancelled");
  });

  test("a failed step is tried again, or resolved", async ({ taskerd }) => {
    let broken = true;
    await taskerd.serve({
      ...done,
      First: () => {
        if (broken) {
          throw new PermanentError("broken");
        }
        return { n: 1 };
      },
    });
    const { client } = taskerd;
    const failed = await taskerd.runTask("two_steps");
    expect(failed).toMatchObject({ state: "error", failedSteps: ["first"] });
    expect(failed.steps[0]!.lastFailure).toMatchObject({ errorClass: "PermanentError", message: "broken", retryable: false });
    await client.resolveStep(failed.id, "first", { n: 4 }, { actor: "tests", reason: "by hand" });
    expect((await client.waitForTask(failed.id)).steps[1]!.results).toEqual({ twice: 8 });
    const other = await taskerd.runTask("two_steps");
    broken = false;
    await client.retryStep(other.id, "first", { resetAttempts: true });
    expect((await client.waitForTask(other.id)).state).toBe("complete");
    broken = true;
    const last = await taskerd.runTask("two_steps");
    await client.resolveTask(last.id);
    expect((await client.waitForTask(last.id)).state).toBe("resolved_manually");
  });

  test("events come in order, without a gap", async ({ taskerd }) => {
    await taskerd.serve(done);
    await taskerd.client.publishEvent("order.before", { n: 1 });
    const task = await taskerd.runTask("two_steps", { n: 1 });
    await taskerd.client.publishEvent("order.after");
    const seen = [];
    for await (const event of taskerd.client.events({ names: ["step.completed", "task.completed", "order.*"], start: "earliest" })) {
      seen.push([event.name, event.stepName]);
      if (event.name === "order.after") {
        break;
      }
      expect(["", task.id]).toContain(event.taskId);
    }
    expect(seen).toEqual([
      ["order.before", ""],
      ["step.completed", "first"],
      ["step.completed", "second"],
      ["task.completed", ""],
      ["order.after", ""],
    ]);
  });

  test("a step survives the service's crash, and is not run twice", async ({ taskerd }) => {
    const release = gate();
    const begun = gate();
    let runs = 0;
    const worker = await taskerd.serve({
      ...done,
      First: async () => {
        runs++;
        begun.open();
        await release.opened;
        return { n: 5 };
      },
    });
    const { id } = await taskerd.client.createTask("two_steps");
    await begun.opened;
    await taskerd.kill();
    await taskerd.restart();
    release.open();
    const task = await taskerd.client.waitForTask(id);
    expect(task.steps.map((step) => [step.attempts, step.results])).toEqual([
      [1, { n: 5 }],
      [1, { twice: 10 }],
    ]);
    expect(runs).toBe(1);
    await worker.stop();
  });

  test("a deferred step ends by its token", async ({ taskerd }) => {
    const deferred = gate<string>();
    await taskerd.serve({
      ...done,
      First: (_task, _sequence, step) => {
        step.defer();
        deferred.open(step.token);
      },
    });
    const { client } = taskerd;
    const { id } = await client.createTask("two_steps");
    const token = await deferred.opened;
    // The deferral may still be on its way.
    while (!(await client.getTask(id)).steps[0]!.deferred);
    expect(await client.completeStep(token, { results: { n: 8 } }, { actor: "webhook" })).toBe("applied");
    expect(await client.completeStep(token, { results: { n: 8 } })).toBe("already_applied");
    expect((await client.waitForTask(id)).steps[1]!.results).toEqual({ twice: 16 });
  });

  test("a business error is known as one", async ({ taskerd }) => {
    await taskerd.serve({
      ...done,
      First: () => {
        throw new BusinessError("PaymentDeclined", "no funds", { code: 51 });
      },
    });
    const task = await taskerd.runTask("two_steps");
    expect(task.steps[0]!.lastFailure).toMatchObject({ errorClass: "PaymentDeclined", business: true, details: { code: 51 } });
    expect(task.steps[0]!.attempts).toBe(1);
  });
});
