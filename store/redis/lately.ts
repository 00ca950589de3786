const DEFAULT_CAPACITY = 40_000;

/**
 * What this process has met lately, by name: running sessions as it has written them last, so that the next report is
 * decided on that without asking Redis first, which compares (if another process has changed the session meanwhile, it is
 * read); and where the grants of running sessions lie. Bounded: two generations, each half of the whole; when the younger
 * is full, the older one goes.
 */
export class Lately<T> {
  readonly #generation: number;
  #young = new Map<string, T>();
  #old = new Map<string, T>();

  constructor(capacity = DEFAULT_CAPACITY) {
    this.#generation = Math.floor(capacity / 2);
  }

  /** Gives it away: two reports at once shall not both be decided on it. */
  take(name: string): T | undefined {
    const known = this.#young.get(name) ?? this.#old.get(name);
    if (known === undefined) return undefined;
    this.#young.delete(name);
    this.#old.delete(name);
    return known;
  }

  keep(name: string, known: T): void {
    if (this.#young.size >= this.#generation) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(name, known);
  }
}
