// When the next sign of life is due.

// A service that asks for none gets one as often as this.
const DEFAULT_MS = 10_000;
const SHORTEST_MS = 10;
// The longest that a timer takes.
const LONGEST_MS = 0x7fff_ffff;

/** Calls back at the interval that the engine asked for, or sooner where an attempt needs it. */
export class HeartbeatTimer {
  readonly #beat: () => number | undefined;
  #usualMs = DEFAULT_MS;
  #dueAt = Infinity;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  /** `beat` sends the heartbeat, and returns the shortest heartbeat timeout of all attempts held, in milliseconds. */
  constructor(beat: () => number | undefined) {
    this.#beat = beat;
  }

  /** Begins, with the usual interval and the shortest timeout of what is held already. */
  start(usualMs: number | undefined, shortestTimeoutMs: number | undefined): void {
    this.#usualMs = usualMs !== undefined && usualMs > 0 ? usualMs : DEFAULT_MS;
    this.#arm(this.#interval(shortestTimeoutMs));
  }

  /** An attempt that needs a heartbeat each `timeoutMs` has come: the next is due in a third of that at the latest. */
  quicken(timeoutMs: number | undefined): void {
    if (timeoutMs !== undefined) {
      const interval = this.#interval(timeoutMs);
      if (performance.now() + interval < this.#dueAt) {
        this.#arm(interval);
      }
    }
  }

  /** No more of them. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #interval(shortestTimeoutMs: number | undefined): number {
    const wanted = Math.min(this.#usualMs, (shortestTimeoutMs ?? Infinity) / 3);
    return Math.min(Math.max(wanted, SHORTEST_MS), LONGEST_MS);
  }

  #arm(afterMs: number): void {
    clearTimeout(this.#timer);
    if (this.#stopped) {
      return;
    }
    this.#dueAt = performance.now() + afterMs;
    this.#timer = setTimeout(() => this.#arm(this.#interval(this.#beat())), afterMs);
  }
}
