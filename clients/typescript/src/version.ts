// The version of this package, as the engine is told.
import { readFileSync } from "node:fs";

const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };

/** As in package.json. */
export const SDK_VERSION = manifest.version;
