// HTTP calls of one attempt of a step, with failures in the engine's terms.
import { Agent, fetch, type RequestInit } from "undici";
import { PermanentError, RetryableError } from "../errors.js";
import { parseJsonText, stringifyJson, type JsonValue } from "../json.js";
import type { Step } from "../work/step.js";
import type { HttpConfig } from "./http_config.js";
import { retryAfterMs } from "./retry_after.js";

/** The answer to a call. */
export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed if it is JSON by its content type, else text. */
  readonly body: JsonValue;
}

/** What one call has beside what is configured. */
export interface HttpRequest {
  /** Added to the configured query parameters; a list repeats its name. */
  params?: Readonly<Record<string, JsonValue>> | undefined;
  /** Text as it is, anything else as JSON. */
  body?: JsonValue;
  headers?: Readonly<Record<string, string>> | undefined;
}

let unverified: Agent | undefined;

// One for the process: its connections are kept alive.
function unverifiedAgent(): Agent {
  unverified ??= new Agent({ connect: { rejectUnauthorized: false } });
  return unverified;
}

/**
 * Makes calls as a step's `handler_config` says, and ends them when the step is cancelled. A call resolves for a
 * status of 2xx. 429 and 503 reject with a RetryableError that knows `Retry-After`, other 5xx, timeouts and network
 * errors with a RetryableError, everything else with a PermanentError.
 */
export class HttpConnection {
  readonly config: HttpConfig;
  readonly #step: Step;

  constructor(config: HttpConfig, step: Step) {
    this.config = config;
    this.#step = step;
  }

  get(path = "", params: HttpRequest["params"] = {}, headers?: HttpRequest["headers"]): Promise<HttpResponse> {
    return this.request("GET", path, { params, headers });
  }

  delete(path = "", params: HttpRequest["params"] = {}, headers?: HttpRequest["headers"]): Promise<HttpResponse> {
    return this.request("DELETE", path, { params, headers });
  }

  post(path = "", body?: JsonValue, headers?: HttpRequest["headers"]): Promise<HttpResponse> {
    return this.request("POST", path, { body, headers });
  }

  put(path = "", body?: JsonValue, headers?: HttpRequest["headers"]): Promise<HttpResponse> {
    return this.request("PUT", path, { body, headers });
  }

  patch(path = "", body?: JsonValue, headers?: HttpRequest["headers"]): Promise<HttpResponse> {
    return this.request("PATCH", path, { body, headers });
  }

  /** The request that is configured: its method, URL, parameters and body. */
  configured(): Promise<HttpResponse> {
    return this.request(this.config.method, "", { body: this.config.body });
  }

  /** Makes a call, as often as `retries` allows while it fails in a way that may pass. */
  async request(method: string, path = "", request: HttpRequest = {}): Promise<HttpResponse> {
    const { attempts, retryDelayMs, exponential } = this.config;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(method, path, request);
      } catch (error) {
        if (!(error instanceof RetryableError) || attempt >= attempts) {
          throw error;
        }
        const curve = exponential ? retryDelayMs * 2 ** (attempt - 1) : retryDelayMs;
        await this.#step.sleep(error.retryAfterMs ?? curve);
      }
    }
  }

  async #once(method: string, path: string, request: HttpRequest): Promise<HttpResponse> {
    this.#step.throwIfCancelled();
    const url = this.#url(path, request.params ?? {});
    const { timeoutMs, verify } = this.config;
    const timeout = AbortSignal.timeout(timeoutMs);
    const init: RequestInit = {
      method,
      headers: this.#headers(request),
      signal: AbortSignal.any([this.#step.signal, timeout]),
    };
    if (request.body !== undefined && request.body !== null && method !== "GET" && method !== "HEAD") {
      init.body = typeof request.body === "string" ? request.body : stringifyJson(request.body);
    }
    if (!verify) {
      init.dispatcher = unverifiedAgent();
    }
    const what = `${method} ${url.origin}${url.pathname}`;
    try {
      const response = await fetch(url, init);
      const headers = Object.fromEntries(response.headers);
      return this.#judge(what, { status: response.status, headers, body: bodyOf(headers, await response.text()) });
    } catch (error) {
      if (error instanceof RetryableError || error instanceof PermanentError) {
        throw error;
      }
      this.#step.throwIfCancelled();
      if (timeout.aborted) {
        throw new RetryableError(`${what}: no answer within ${timeoutMs / 1000} s`, { cause: error });
      }
      throw new RetryableError(`${what}: ${reasonOf(error)}`, { cause: error });
    }
  }

  #url(path: string, params: Readonly<Record<string, JsonValue>>): URL {
    const base = new URL(this.config.url);
    // A path goes on where the URL ends; one that is a URL of its own replaces it.
    const url = path === "" ? base : new URL(URL.canParse(path) ? path : joined(base, path));
    for (const [name, value] of Object.entries({ ...this.config.params, ...params })) {
      for (const each of Array.isArray(value) ? value : [value]) {
        url.searchParams.append(name, String(each));
      }
    }
    return url;
  }

  #headers(request: HttpRequest): Record<string, string> {
    const headers = new Headers();
    if (request.body !== undefined && request.body !== null && typeof request.body !== "string") {
      headers.set("content-type", "application/json");
    }
    if (this.#step.traceparent !== "") {
      headers.set("traceparent", this.#step.traceparent);
      if (this.#step.tracestate !== "") {
        headers.set("tracestate", this.#step.tracestate);
      }
    }
    for (const [name, value] of Object.entries({ ...this.config.headers, ...request.headers })) {
      headers.set(name, value);
    }
    return Object.fromEntries(headers);
  }

  #judge(what: string, response: HttpResponse): HttpResponse {
    const { status, headers } = response;
    if (status >= 200 && status < 300) {
      return response;
    }
    const message = `${what}: status ${status}`;
    if (status === 429 || status === 503) {
      throw new RetryableError(message, { retryAfterMs: retryAfterMs(headers["retry-after"], Date.now()) });
    }
    throw status >= 500 ? new RetryableError(message) : new PermanentError(message);
  }
}

function joined(base: URL, path: string): string {
  const [before, after] = [base.pathname.replace(/\/+$/, ""), path.replace(/^\/+/, "")];
  const [pathname, query] = after.split("?", 2);
  const search = [base.search.slice(1), query ?? ""].filter((each) => each !== "").join("&");
  return `${base.origin}${before}/${pathname}${search === "" ? "" : `?${search}`}`;
}

function bodyOf(headers: Record<string, string>, text: string): JsonValue {
  if (/[/+]json\b/i.test(headers["content-type"] ?? "")) {
    try {
      return parseJsonText(text);
    } catch {
      // It is not what it says: text, then.
    }
  }
  return text;
}

// What undici calls `fetch failed` has the reason below it.
function reasonOf(error: unknown): string {
  const cause = (error as { cause?: unknown } | undefined)?.cause;
  const deepest = cause instanceof Error && cause.message !== "" ? cause : error;
  return deepest instanceof Error ? deepest.message : String(deepest);
}
