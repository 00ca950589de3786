/** A value that may be exchanged while the product runs: the configuration, on SIGHUP. */
export interface Live<T> {
  readonly current: T;
  /** Calls `listener` after each exchange. */
  onChange(listener: (next: T) => void): void;
}

export class LiveValue<T> implements Live<T> {
  #current: T;
  readonly #listeners: ((next: T) => void)[] = [];

  constructor(first: T) {
    this.#current = first;
  }

  get current(): T {
    return this.#current;
  }

  onChange(listener: (next: T) => void): void {
    this.#listeners.push(listener);
  }

  exchange(next: T): void {
    this.#current = next;
    for (const listener of this.#listeners) listener(next);
  }
}

/** What is made from the value, made anew only after an exchange: look-up tables, rendered pages. */
export function derived<T, U>(live: Live<T>, make: (value: T) => U): () => U {
  let made: { from: T; value: U } | undefined;
  return () => {
    if (made === undefined || made.from !== live.current) made = { from: live.current, value: make(live.current) };
    return made.value;
  };
}
