// The handler that `tasker bench --handler typescript` measures with: the classes of clients/bench/handler_classes.h.
// Exit codes: 0 drained, 1 refused by the engine, 2 a wrong setting.
import { parseArgs } from "node:util";
import { RetryableError, Sequence, Step, StepHandler, Task, Worker } from "@tasker/client";

class FetchOrder extends StepHandler {
  process(task: Task) {
    return { order_id: task.context.order_id, items: [{ sku: "TEA-1", quantity: 2, cents: 1250 }], total_cents: 2500 };
  }
}

class ValidateInventory extends StepHandler {
  async process(_task: Task, sequence: Sequence) {
    const items = await this.getPreviousStepData(sequence, "fetch_order", "items");
    return { available: true, items: items.length };
  }
}

class ProcessPayment extends StepHandler {
  process(task: Task, _sequence: Sequence, step: Step) {
    if (step.attemptNumber === 1) {
      throw new RetryableError("the payment gateway is busy");
    }
    return { payment_id: `pay-${task.id}`, processor: step.handlerConfig.payment_processor };
  }
}

class UpdateInventory extends StepHandler {
  async process(_task: Task, sequence: Sequence) {
    return { updated: true, paid_by: await this.getPreviousStepData(sequence, "process_payment", "payment_id") };
  }
}

class SendConfirmation extends StepHandler {
  process(task: Task) {
    return { sent_to: task.context.customer_id };
  }
}

const { values } = parseArgs({
  options: { address: { type: "string" }, concurrency: { type: "string", default: "256" } },
});
if (values.address === undefined) {
  console.error("usage: run --address HOST:PORT [--concurrency N]");
  process.exit(2);
}
const order = "OrderProcess::StepHandler::";
const worker = new Worker({
  address: values.address,
  name: "bench-handlers-typescript",
  concurrency: Number(values.concurrency),
})
  .register("Bench::Step", () => ({ ok: true }))
  .register("Bench::Payload", (task) => task.context)
  .register("Bench::Sleep", async (_task, _sequence, step) => {
    await step.sleep(Number(step.handlerConfig.duration_ms));
    return { ok: true };
  })
  .register(`${order}FetchOrderHandler`, FetchOrder)
  .register(`${order}ValidateInventoryHandler`, ValidateInventory)
  .register(`${order}ProcessPaymentHandler`, ProcessPayment)
  .register(`${order}UpdateInventoryHandler`, UpdateInventory)
  .register(`${order}SendConfirmationHandler`, SendConfirmation);
try {
  await worker.run();
  process.exit(0);
} catch (error) {
  console.error(`refused: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
