// What handlers throw to say how an attempt ended, and what calls to the service reject with.
import { status, type ServiceError } from "@grpc/grpc-js";

/** Fails the attempt; it is tried again while attempts are left. */
export class RetryableError extends Error {
  override name = "RetryableError";
  /** Try again no sooner than after so many milliseconds; undefined: as the template says. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: ErrorOptions & { retryAfterMs?: number | undefined } = {}) {
    super(message, options);
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Fails the step for good: another attempt would be of no use. */
export class PermanentError extends Error {
  override name = "PermanentError";
}

/**
 * An outcome that the business knows (the card was declined) rather than a technical fault. Never tried
 * again, and counted apart from failures.
 */
export class BusinessError extends Error {
  override name = "BusinessError";
  /** What the outcome is called: `PaymentDeclined`. */
  readonly errorClass: string;
  /** What belongs to it, for programs. */
  readonly details: Record<string, unknown> | undefined;

  constructor(errorClass: string, message: string, details?: Record<string, unknown>) {
    super(message);
    this.errorClass = errorClass;
    this.details = details;
  }
}

/** The work on this attempt is no longer wanted. What `step.throwIfCancelled()` throws. */
export class StepCancelled extends Error {
  override name = "StepCancelled";
}

/** What the engine sent cannot be understood, or what a handler gave back cannot be sent; never tried again. */
export class PayloadError extends PermanentError {
  override name = "PayloadError";
  /** The failure's class as the engine is told. */
  readonly errorClass: string;

  constructor(errorClass: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.errorClass = errorClass;
  }
}

/** A call that the service refused, or that did not reach it. */
export class TaskerError extends Error {
  override name = "TaskerError";
  /** The gRPC status code's number. */
  readonly code: status;
  /** Its name: `NOT_FOUND`. */
  readonly codeName: string;

  constructor(code: status, message: string, options?: ErrorOptions) {
    super(`${status[code] ?? code}: ${message}`, options);
    this.code = code;
    this.codeName = status[code] ?? String(code);
  }
}

/** The same error in our own terms. */
export function fromServiceError(error: ServiceError | (Error & { code?: status; details?: string })): TaskerError {
  return new TaskerError(error.code ?? status.UNKNOWN, error.details ?? error.message, { cause: error });
}

/** The message of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
