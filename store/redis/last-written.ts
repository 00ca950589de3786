import type { SessionRecord } from './records';

/** A session as this process has written it last. */
export interface Written {
  readonly session: string;
  readonly record: SessionRecord;
  /** Nobody had ordered its end. */
  readonly order: null;
}

const DEFAULT_CAPACITY = 40_000;

/**
 * The running sessions that this process has written lately. The next report is decided on that without asking Redis
 * first; if another process has changed the session meanwhile, Redis refuses the change, and it is read. Bounded: two
 * generations, each half of the whole; when the younger is full, the older one goes.
 */
export class LastWritten {
  readonly #generation: number;
  #young = new Map<string, Written>();
  #old = new Map<string, Written>();

  constructor(capacity = DEFAULT_CAPACITY) {
    this.#generation = Math.floor(capacity / 2);
  }

  /** Gives it away: two reports at once shall not both be decided on it. */
  take(name: string): Written | undefined {
    const written = this.#young.get(name) ?? this.#old.get(name);
    if (written === undefined) return undefined;
    this.#young.delete(name);
    this.#old.delete(name);
    return written;
  }

  keep(name: string, written: Written): void {
    if (this.#young.size >= this.#generation) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(name, written);
  }
}
