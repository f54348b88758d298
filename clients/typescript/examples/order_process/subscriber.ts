// Prints every event of orders, a JSON document a line: node subscriber.js --engine 127.0.0.1:7420 --start earliest
import { parseArgs } from "node:util";
import { Subscriber, type TaskerEvent } from "@tasker/client";

class PrintEvents extends Subscriber {
  override handleEvent(event: TaskerEvent) {
    const { name, taskId, stepName, timestamp, payload } = event;
    console.log(JSON.stringify({ name, task: taskId, step: stepName, at: timestamp, payload }));
  }
}

const { values } = parseArgs({
  options: {
    engine: { type: "string", default: "127.0.0.1:7420" },
    start: { type: "string", default: "now" },
  },
});
const start = values.start === "now" || values.start === "earliest" ? values.start : { after: values.start };
const subscriber = new PrintEvents({ address: values.engine, taskName: "order_process", start });
process.once("SIGTERM", () => void subscriber.stop());
process.once("SIGINT", () => void subscriber.stop());
await subscriber.run();
