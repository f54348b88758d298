// The handler that the conformance suite drives. Exit codes: 0 drained, 1 refused by the engine, 2 a wrong setting.
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { Worker } from "@tasker/client";
import { registerAll } from "./handlers.js";

const { values } = parseArgs({
  options: {
    address: { type: "string" },
    concurrency: { type: "string", default: "4" },
    "tls-ca": { type: "string" },
    "token-file": { type: "string" },
    namespace: { type: "string" },
  },
});
if (values.address === undefined) {
  console.error("usage: run --address HOST:PORT[,HOST:PORT] [--concurrency N] [--tls-ca FILE] [--token-file FILE] [--namespace NS]");
  process.exit(2);
}
const tokenFile = values["token-file"];
const worker = new Worker({
  address: values.address,
  name: "conformance",
  concurrency: Number(values.concurrency),
  namespace: values.namespace,
  tls: values["tls-ca"] === undefined ? undefined : { caFile: values["tls-ca"] },
  token: tokenFile === undefined ? undefined : async () => (await readFile(tokenFile, "utf8")).trim(),
});
try {
  await registerAll(worker).run();
  // Work that was given up may hang on for ever.
  process.exit(0);
} catch (error) {
  console.error(`refused: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
