import type { Millis } from '../core/time';

/** More than are exchanged in two minutes; beyond it the oldest are forgotten. */
const MOST = 20_000;

/** Remembers words that are good for one time, as long as they would be good. */
export class Once {
  readonly #used = new Map<string, Millis>();

  /** Whether this is the first time; from now on it is not. */
  isFirst(word: string, until: Millis, now: Millis): boolean {
    for (const [oldest, staleAt] of this.#used) {
      if (staleAt > now && this.#used.size < MOST) break;
      this.#used.delete(oldest);
    }
    if (this.#used.has(word)) return false;
    this.#used.set(word, until);
    return true;
  }
}
