import { HOUR, MINUTE, type Millis } from '../core/time';
import type { Clock } from '../runtime/clock';

/** Further than this a clock does not go by itself between two questions; so it was set, or the computer slept. */
const JUMP = 10 * MINUTE;
/** A time that was jumped to is believed once it has gone on for so long. */
const TRIAL = HOUR;

/**
 * The time by which records may be destroyed. A clock that jumps ahead would otherwise destroy grants, keys and history
 * before their time, and nothing brings them back when it is right again. An hour's delay harms nobody.
 */
export class TrustedTime {
  readonly #clock: Clock;
  /** Wall-clock time less monotonic time, as believed. */
  #offset: Millis;
  /** One that was jumped to, and when, monotonic. */
  #doubted: { readonly offset: Millis; readonly since: Millis } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offset = clock.now() - clock.monotonic();
  }

  /** The time; undefined while the clock is ahead and that has not lasted. */
  now(): Millis | undefined {
    const [now, monotonic] = [this.#clock.now(), this.#clock.monotonic()];
    const offset = now - monotonic;
    if (offset - this.#offset > JUMP) {
      if (this.#doubted === undefined || Math.abs(offset - this.#doubted.offset) > JUMP) {
        this.#doubted = { offset, since: monotonic };
      }
      if (monotonic - this.#doubted.since < TRIAL) return undefined;
    }
    this.#doubted = undefined;
    this.#offset = offset;
    return now;
  }
}
