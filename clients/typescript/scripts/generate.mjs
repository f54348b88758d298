// Generates src/generated from the contract in protos/, with protoc and ts-proto.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const protos = resolve(root, "../../protos");
const out = join(root, "src/generated");

// Plain objects and code written out field by field: nothing is looked up in descriptors at run time.
const options = [
  "env=node",
  "esModuleInterop=true",
  "forceLong=bigint",
  "importSuffix=.js",
  "oneof=unions-value",
  "outputJsonMethods=false",
  "outputServices=grpc-js",
  "removeEnumPrefix=true",
  "useOptionals=none",
  "outputPartialMethods=true",
  "useDate=false",
  "useExactTypes=false",
];

const files = readdirSync(join(protos, "tasker/v1")).filter((name) => name.endsWith(".proto"));
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const plugin = join(root, "node_modules/.bin/protoc-gen-ts_proto");
if (!existsSync(plugin)) {
  throw new Error("ts-proto is not installed; run `npm ci` first");
}
execFileSync(
  process.env.PROTOC ?? "protoc",
  [
    `--plugin=protoc-gen-ts_proto=${plugin}`,
    `-I${protos}`,
    `--ts_proto_out=${out}`,
    `--ts_proto_opt=${options.join(",")}`,
    ...files.map((name) => `tasker/v1/${name}`),
  ],
  { stdio: "inherit" },
);
