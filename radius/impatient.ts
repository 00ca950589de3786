import { type Millis, SECOND } from '../core/time';
import type { Clock } from '../runtime/clock';
import type { Soon } from '../runtime/soon';
import { TooSlow, within } from '../runtime/within';

/** An answer has to be out within 200 ms whatever the store does; the rest is for making it. */
const PATIENCE_MS = 150;

/** The store took too long. What it was asked to do may still happen. */
export class StoreTooSlow extends Error {
  constructor() {
    super(`the store did not answer within ${PATIENCE_MS} ms`);
    this.name = 'StoreTooSlow';
  }
}

/**
 * Asks the store and does not wait for it longer than an answer may take. Once it was too slow it is asked only once a
 * second until it answers again: a store that hangs then delays nobody, and nothing piles up before it.
 */
export class Impatient {
  readonly #clock: Clock;
  /** When the hanging store may be asked again, monotonic; undefined while it answers. */
  #nextTry: Millis | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What is answered at once, or a promise; that rejects with StoreTooSlow, or with what the operation rejects with. */
  ask<T>(operation: () => Soon<T>): Soon<T> {
    if (this.#nextTry !== undefined) {
      const now = this.#clock.monotonic();
      if (now < this.#nextTry) return Promise.reject(new StoreTooSlow());
      this.#nextTry = now + SECOND;
    }
    const answer = operation();
    if (answer instanceof Promise) return this.#wait(answer);
    this.#nextTry = undefined;
    return answer;
  }

  async #wait<T>(coming: Promise<T>): Promise<T> {
    const answer = coming.finally(() => {
      this.#nextTry = undefined;
    });
    try {
      return await within(PATIENCE_MS, answer, this.#clock);
    } catch (error) {
      if (!(error instanceof TooSlow)) throw error;
      this.#nextTry ??= this.#clock.monotonic() + SECOND;
      throw new StoreTooSlow();
    }
  }
}
