// What a step's settings say of its HTTP calls.
import { PermanentError } from "../errors.js";
import type { JsonValue } from "../json.js";

/** The settings of an API step, from `handler_config`. Times there are in seconds, as in the Rails engine. */
export interface HttpConfig {
  /** Where calls go; paths are relative to it. */
  readonly url: string;
  readonly method: string;
  /** Query parameters of every call. */
  readonly params: Readonly<Record<string, JsonValue>>;
  readonly headers: Readonly<Record<string, string>>;
  /** What the configured request sends: text as it is, anything else as JSON; undefined: nothing. */
  readonly body: JsonValue | undefined;
  /** Whether the server's certificate is verified. */
  readonly verify: boolean;
  readonly timeoutMs: number;
  /** Attempts of one call within one attempt of the step. */
  readonly attempts: number;
  /** Between those, doubling if `exponential`. */
  readonly retryDelayMs: number;
  readonly exponential: boolean;
}

function number(config: JsonValue, key: string, fallback: number): number {
  const value = config[key] ?? fallback;
  if (typeof value !== "number" || !Number.isFinite(value) || value < 0) {
    throw new PermanentError(`handler_config: ${key} has to be a number of 0 or more, not ${JSON.stringify(value)}`);
  }
  return value;
}

function table(config: JsonValue, key: string): Record<string, JsonValue> {
  const value = config[key] ?? {};
  if (typeof value !== "object" || Array.isArray(value)) {
    throw new PermanentError(`handler_config: ${key} has to be a table, not ${JSON.stringify(value)}`);
  }
  return value;
}

/** Reads the settings. Throws a PermanentError that names what is wrong. */
export function httpConfigFrom(config: JsonValue): HttpConfig {
  const url = config.url ?? "";
  if (typeof url !== "string" || !URL.canParse(url)) {
    throw new PermanentError(`handler_config: url has to be an absolute URL, not ${JSON.stringify(url)}`);
  }
  const headers = Object.entries(table(config, "headers")).map(([name, value]) => [name, String(value)]);
  const verify = typeof config.ssl === "object" && config.ssl !== null ? config.ssl.verify : config.ssl;
  return {
    url,
    method: String(config.method ?? "GET").toUpperCase(),
    params: table(config, "params"),
    headers: Object.fromEntries(headers),
    body: config.body ?? config.payload,
    verify: verify !== false,
    timeoutMs: number(config, "timeout", 30) * 1000,
    attempts: Math.max(1, Math.trunc(number(config, "retries", 1))),
    retryDelayMs: number(config, "retry_delay", 1) * 1000,
    exponential: config.enable_exponential_backoff === true,
  };
}
