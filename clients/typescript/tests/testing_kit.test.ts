import { expect, test } from "vitest";
import { RetryableError, StepHandler, TaskHandler, type Sequence, type Step, type Task, type TaskRequest } from "../src/index.js";
import { buildSequenceFor, fakeEvent, makeStep, makeTask, makeTaskRequest, runHandler, TaskerdServer } from "../src/testing/index.js";

const TEMPLATE = new URL("support/two_steps.yaml", import.meta.url).pathname;

class Totals extends StepHandler {
  async process(task: Task, sequence: Sequence) {
    return task.context.factor * (await this.getPreviousStepData(sequence, "first", "n"));
  }

  override processResults(step: Step, output: number, initialResults: unknown) {
    this.publishStepCompleted(step, { total: output });
    return { total: output, before: initialResults };
  }
}

test("a handler runs without a service", async () => {
  const task = makeTask({ factor: 3 });
  const step = makeStep("second");
  const results = await runHandler(Totals, { task, step, sequence: buildSequenceFor(task, { first: { n: 14 } }) });
  expect(results).toEqual({ total: 42, before: null });
  expect(step.events).toMatchObject([{ name: "custom.step_completed", payload: Buffer.from('{"total":42}') }]);
});

test("a sequence of a template has all of its steps", async () => {
  const sequence = buildSequenceFor(makeTask(), { first: { n: 1 } }, { template: TEMPLATE });
  expect((await sequence.steps()).map((step) => [step.name, step.state, step.results])).toEqual([
    ["first", "complete", { n: 1 }],
    ["second", "pending", null],
  ]);
  expect(() => buildSequenceFor(makeTask(), { frist: {} }, { template: TEMPLATE })).toThrow('no step "frist"; it has first, second');
});

test("a task handler runs without a service", async () => {
  class Orders extends TaskHandler {
    override validateTaskRequest(request: TaskRequest) {
      if (!request.context.order_id) {
        throw new RetryableError("no order yet");
      }
    }
  }
  const handler = new Orders();
  expect(() => handler.validateTaskRequest(makeTaskRequest())).toThrow("no order yet");
  const request = makeTaskRequest({ order_id: 1 });
  handler.validateTaskRequest(request);
  expect(handler.initializeTaskContext(request)).toEqual({ order_id: 1 });
});

test("a fake event knows its category", () => {
  expect(["task.failed", "handler.registered", "order.paid"].map((name) => fakeEvent(name).category)).toEqual(["task", "registry", "custom"]);
});

test("a service that cannot be started says why", async () => {
  await expect(TaskerdServer.start({ binary: "/no/such/taskerd" })).rejects.toThrow("/no/such/taskerd cannot be started");
  await expect(TaskerdServer.start({ settings: { nonsense: 1 } })).rejects.toThrow(/taskerd ended with [1-9][^]*nonsense/);
});
