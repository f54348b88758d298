// The five handlers of config/tasks/order_process.yaml.
import { RetryableError, StepHandler, type Sequence, type Step, type StepHandlerSource, type Task } from "@tasker/client";

interface Item {
  sku: string;
  quantity: number;
  price_cents: number;
}

export class FetchOrderHandler extends StepHandler {
  process(task: Task) {
    const { order_id, customer_id } = task.context;
    const items: Item[] = [1, 2].map((n) => ({ sku: `SKU-${(order_id % 90) + n}`, quantity: n, price_cents: 499 * n }));
    return { order_id, customer_id, items };
  }
}

export class ValidateInventoryHandler extends StepHandler {
  async process(_task: Task, sequence: Sequence) {
    const items: Item[] = await this.getPreviousStepData(sequence, "fetch_order", "items");
    return { available: true, reserved: items.map((item) => item.sku) };
  }
}

/** Its first attempt fails, as payment gateways do. */
export class ProcessPaymentHandler extends StepHandler {
  async process(_task: Task, sequence: Sequence, step: Step) {
    if (step.attemptNumber === 1) {
      throw new RetryableError("payment gateway timed out");
    }
    // Not a direct dependency: fetched from the service.
    const order = (await sequence.findStepByName("fetch_order")).results;
    const amount = order.items.reduce((sum: number, item: Item) => sum + item.price_cents * item.quantity, 0);
    return {
      payment_id: `pay_${order.order_id}`,
      amount_cents: amount,
      processor: step.handlerConfig.payment_processor ?? "none",
    };
  }
}

export class UpdateInventoryHandler extends StepHandler {
  async process(_task: Task, sequence: Sequence) {
    const reserved: string[] = await this.getPreviousStepData(sequence, "validate_inventory", "reserved");
    return { updated: reserved.length };
  }
}

export class SendConfirmationHandler extends StepHandler {
  async process(task: Task, sequence: Sequence) {
    const payment_id = await this.getPreviousStepData(sequence, "process_payment", "payment_id");
    return { mail: `customer-${task.context.customer_id}@example.com`, payment_id };
  }
}

/** By the classes of the template. */
export const HANDLERS: Record<string, StepHandlerSource> = {
  "OrderProcess::StepHandler::FetchOrderHandler": FetchOrderHandler,
  "OrderProcess::StepHandler::ValidateInventoryHandler": ValidateInventoryHandler,
  "OrderProcess::StepHandler::ProcessPaymentHandler": ProcessPaymentHandler,
  "OrderProcess::StepHandler::UpdateInventoryHandler": UpdateInventoryHandler,
  "OrderProcess::StepHandler::SendConfirmationHandler": SendConfirmationHandler,
};
