import { describe, expect, test } from "vitest";
import { buildSequenceFor, makeStep, makeTask, runHandler } from "@tasker/client/testing";
import { taskerTest } from "@tasker/client/vitest";
import { HANDLERS, ProcessPaymentHandler } from "./handlers.js";

const TEMPLATE = new URL("../../../../config/tasks/order_process.yaml", import.meta.url).pathname;

describe("the payment", () => {
  const task = makeTask({ order_id: 1042, customer_id: 7 });
  const order = { order_id: 1042, items: [{ sku: "SKU-1", quantity: 2, price_cents: 250 }] };
  const sequence = buildSequenceFor(task, { fetch_order: order }, { template: TEMPLATE });

  test("fails at first", async () => {
    await expect(runHandler(ProcessPaymentHandler, { task, sequence })).rejects.toThrow("payment gateway timed out");
  });

  test("charges what the items cost", async () => {
    const step = makeStep("process_payment", { attemptNumber: 2, handlerConfig: { payment_processor: "test" } });
    const results = await runHandler(ProcessPaymentHandler, { task, sequence, step });
    expect(results).toEqual({ payment_id: "pay_1042", amount_cents: 500, processor: "test" });
  });
});

taskerTest({ templates: [TEMPLATE] })("an order completes, its payment at the second attempt", async ({ taskerd }) => {
  await taskerd.serve(HANDLERS);
  const task = await taskerd.runTask("order_process", { order_id: 1042, customer_id: 7 });
  expect(task.state).toBe("complete");
  expect(task.steps.map((step) => [step.name, step.attempts])).toEqual([
    ["fetch_order", 1],
    ["validate_inventory", 1],
    ["process_payment", 2],
    ["update_inventory", 1],
    ["send_confirmation", 1],
  ]);
  expect(task.steps.at(-1)!.results).toEqual({ mail: "customer-7@example.com", payment_id: "pay_1042" });
});
