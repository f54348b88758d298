// Serves the order's steps: node worker.js --engine 127.0.0.1:7420
import { parseArgs } from "node:util";
import { Worker } from "@tasker/client";
import { HANDLERS } from "./handlers.js";

const { values } = parseArgs({ options: { engine: { type: "string", default: "127.0.0.1:7420" } } });
const worker = new Worker({ address: values.engine, name: "order-handlers", concurrency: 8 });
for (const [handlerClass, handler] of Object.entries(HANDLERS)) {
  worker.register(handlerClass, handler);
}
await worker.run();
