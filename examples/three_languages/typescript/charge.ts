// Charges for what was reserved, at the price quoted.
import { StepHandler, Worker, type Sequence, type Step, type Task } from "@tasker/client";

class ChargeHandler extends StepHandler {
  async process(_task: Task, sequence: Sequence, step: Step) {
    const amount = await this.getPreviousStepData(sequence, "quote", "amount_cents");
    const reserved = await this.getPreviousStepData(sequence, "reserve", "reserved");
    return { charged_cents: amount, items: reserved, payment_id: `pay_${step.id}` };
  }
}

await new Worker({ address: process.env.TASKER_ADDRESS ?? "127.0.0.1:7420", name: "payments" })
  .register("ThreeLanguages::ChargeHandler", ChargeHandler)
  .run();
