// From what a handler returned or threw to what the engine is told.
import { fromMs } from "../duration.js";
import { BusinessError, PayloadError, PermanentError, RetryableError } from "../errors.js";
import { ProtocolFeature, type StepResult } from "../generated/tasker/v1/handler_service.js";
import type { Failure } from "../generated/tasker/v1/task.js";
import { encodeJson } from "../json.js";

const INVALID_RESULTS = "Tasker::InvalidResults";
const NO_BYTES = Buffer.alloc(0);
/** The longest details of a failure that the service takes, in bytes of JSON. */
export const DETAILS_BYTES_MAX = 64 << 10;
// What nobody will read to its end is not sent.
const TEXT_MAX = 64 << 10;

/** A success, or a failure for good if the results are not JSON or longer than the service takes (0: any length). */
export function successOf(token: Buffer, results: unknown, payloadBytesMax: number): StepResult {
  let payload: Buffer;
  try {
    payload = results === undefined ? NO_BYTES : encodeJson(results);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return failureOf(token, new PayloadError(INVALID_RESULTS, `the results cannot be sent: ${why}`), false);
  }
  if (payloadBytesMax > 0 && payload.length > payloadBytesMax) {
    const message = `the results have ${payload.length} bytes, the limit is ${payloadBytesMax}`;
    return failureOf(token, new PayloadError(INVALID_RESULTS, message), false);
  }
  return { token, outcome: { $case: "success", value: { results: payload } }, events: [] };
}

/** The step ends later. */
export function deferralOf(token: Buffer, timeoutMs: number | undefined): StepResult {
  const timeout = timeoutMs === undefined ? undefined : fromMs(timeoutMs);
  return { token, outcome: { $case: "deferred", value: { timeout } }, events: [] };
}

/** A failure by whatever was thrown. `forGood`: not to be tried again, whatever was thrown. */
export function failureOf(token: Buffer, thrown: unknown, forGood: boolean): StepResult {
  return { token, outcome: { $case: "failure", value: failureFrom(thrown, forGood) }, events: [] };
}

/** As `failureOf`, without a token. */
export function failureFrom(thrown: unknown, forGood = false): Failure {
  const permanent = thrown instanceof PermanentError || thrown instanceof BusinessError;
  const failure: Failure = {
    errorClass: errorClassOf(thrown),
    message: messageFrom(thrown).slice(0, TEXT_MAX),
    backtrace: backtraceOf(thrown).slice(0, TEXT_MAX),
    retryable: !forGood && !permanent,
    retryAfter: undefined,
    business: thrown instanceof BusinessError,
    details: NO_BYTES,
  };
  if (thrown instanceof RetryableError && thrown.retryAfterMs !== undefined && thrown.retryAfterMs >= 0) {
    failure.retryAfter = fromMs(thrown.retryAfterMs);
  }
  if (thrown instanceof BusinessError && thrown.details !== undefined) {
    addDetails(failure, thrown.details);
  }
  return failure;
}

function addDetails(failure: Failure, details: Record<string, unknown>): void {
  let why: string;
  try {
    const data = encodeJson(details);
    if (data.length <= DETAILS_BYTES_MAX) {
      failure.details = data;
      return;
    }
    why = `${data.length} bytes are over the limit of ${DETAILS_BYTES_MAX} bytes`;
  } catch (error) {
    why = error instanceof Error ? error.message : String(error);
  }
  failure.message += ` (its details are left out: ${why})`;
}

function errorClassOf(thrown: unknown): string {
  if (thrown instanceof BusinessError || thrown instanceof PayloadError) {
    return thrown.errorClass || thrown.name;
  }
  return thrown instanceof Error ? thrown.constructor.name || thrown.name || "Error" : "Error";
}

function messageFrom(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : describe(thrown);
  return text === "" ? errorClassOf(thrown) : text;
}

function describe(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return "something that has no text was thrown";
  }
}

// V8 lists frames innermost first, below the name and the message.
function backtraceOf(thrown: unknown): string {
  if (!(thrown instanceof Error) || typeof thrown.stack !== "string") {
    return "";
  }
  return thrown.stack
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .map((line) => line.trim())
    .join("\n");
}

/** What of a result the service understands: an older one gets it in older words. */
export function withFeatures(result: StepResult, features: ReadonlySet<ProtocolFeature>): StepResult {
  let { outcome, events } = result;
  if (events.length > 0 && !features.has(ProtocolFeature.CUSTOM_EVENTS)) {
    events = [];
  }
  if (outcome?.$case === "failure" && !features.has(ProtocolFeature.BUSINESS_ERRORS)) {
    if (outcome.value.business || outcome.value.details.length > 0) {
      outcome = { $case: "failure", value: { ...outcome.value, business: false, details: NO_BYTES } };
    }
  }
  if (outcome?.$case === "deferred" && !features.has(ProtocolFeature.DEFERRED_COMPLETION)) {
    outcome = {
      $case: "failure",
      value: failureFrom(new PermanentError("the step was deferred, which this service does not know")),
    };
  }
  return outcome === result.outcome && events === result.events ? result : { ...result, outcome, events };
}
