// Durations on the wire and in milliseconds.
import type { Duration } from "./generated/google/protobuf/duration.js";
import type { Timestamp } from "./generated/google/protobuf/timestamp.js";

/** Milliseconds of a duration; undefined for none. */
export function toMs(duration: Duration | undefined): number | undefined {
  return duration && Number(duration.seconds) * 1000 + duration.nanos / 1e6;
}

/** The duration of so many milliseconds; negative and NaN count as none at all. */
export function fromMs(ms: number): Duration {
  // The longest that protobuf allows; it also stands for Infinity.
  const bounded = Math.min(Math.max(ms, 0) || 0, 315_576_000_000_000);
  const seconds = Math.floor(bounded / 1000);
  return { seconds: BigInt(seconds), nanos: Math.round((bounded - seconds * 1000) * 1e6) % 1e9 };
}

/** The date of a timestamp; undefined for none. */
export function toDate(timestamp: Timestamp | undefined): Date | undefined {
  return timestamp && new Date(Number(timestamp.seconds) * 1000 + timestamp.nanos / 1e6);
}
