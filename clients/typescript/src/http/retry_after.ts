// The header `Retry-After`.

/**
 * Milliseconds from `now` (milliseconds since the epoch) that a `Retry-After` asks for, in seconds or as an HTTP date;
 * undefined if there is none, or none that makes sense. Of a date that is past: 0.
 */
export function retryAfterMs(value: string | undefined, now: number): number | undefined {
  const text = value?.trim() ?? "";
  if (/^\d+(\.\d+)?$/.test(text)) {
    return Number(text) * 1000;
  }
  // A date has letters; whatever else is a number to `Date.parse` is none.
  const date = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
