// Waiting for what happens, never for time.

/** Values that come one by one. */
export class Queue<Value> {
  readonly #values: Value[] = [];
  readonly #waiting: ((value: Value) => void)[] = [];

  push(value: Value): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) {
      this.#values.push(value);
    } else {
      waiting(value);
    }
  }

  /** The next value, as soon as there is one. */
  async shift(): Promise<Value> {
    const value = this.#values.shift();
    return value ?? new Promise((resolve) => this.#waiting.push(resolve));
  }
}

/** A promise that somebody else resolves. */
export function gate<Value = void>(): { opened: Promise<Value>; open: (value: Value) => void } {
  let open!: (value: Value) => void;
  const opened = new Promise<Value>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
