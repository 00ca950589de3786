import type { Millis } from '../core/time';
import { type Clock, systemClock } from './clock';

/** Something took longer than anybody can wait for it. It may still happen. */
export class TooSlow extends Error {
  constructor(patience: Millis) {
    super(`no answer within ${patience} ms`);
    this.name = 'TooSlow';
  }
}

/** What `operation` resolves to, or rejects with; with TooSlow if neither happens in time. */
export function within<T>(patience: Millis, operation: Promise<T>, clock: Clock = systemClock): Promise<T> {
  return new Promise((resolve, reject) => {
    // Where this process itself was held up, the answer may lie there already: it has a turn of the event loop more.
    const cancel = clock.after(patience, () => setImmediate(() => reject(new TooSlow(patience))));
    operation.then(
      (value) => {
        cancel();
        resolve(value);
      },
      (error: unknown) => {
        cancel();
        reject(error);
      },
    );
  });
}

/** For so long nobody is patient after one who was patient waited in vain. */
const HANGS_FOR_MS = 5_000;

/**
 * Waits for something that may hang: the first who meets that waits long, those who come soon after hardly. Otherwise a
 * page that asks four times would take four times as long to say that it cannot.
 */
export class Patience {
  readonly #usual: Millis;
  readonly #whileHanging: Millis;
  readonly #clock: Clock;
  /** By the monotonic clock. An answer ends it no sooner: it may have come from memory. */
  #hangsUntil = 0;

  constructor(usual: Millis, whileHanging: Millis, clock: Clock = systemClock) {
    this.#usual = usual;
    this.#whileHanging = whileHanging;
    this.#clock = clock;
  }

  /** As `within`. */
  async wait<T>(operation: Promise<T>): Promise<T> {
    const hangs = this.#clock.monotonic() < this.#hangsUntil;
    try {
      return await within(hangs ? this.#whileHanging : this.#usual, operation, this.#clock);
    } catch (error) {
      // Who hardly waited knows nothing new: something that is only slow shall be waited for again.
      if (error instanceof TooSlow && !hangs) this.#hangsUntil = this.#clock.monotonic() + HANGS_FOR_MS;
      throw error;
    }
  }
}
