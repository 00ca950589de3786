import type { Millis } from '../core/time';
import type { Cancel, Clock } from './clock';

/** Looks at something again and again; while one look is under way the next is left out. */
export class Lookout {
  readonly #look: () => Promise<void>;
  #looking: Promise<void> | undefined;
  #cancel: Cancel = () => {};

  /** @param look  must not reject */
  constructor(look: () => Promise<void>) {
    this.#look = look;
  }

  /** Begins, or goes on with another period. */
  start(clock: Clock, period: Millis): void {
    this.#cancel();
    this.#cancel = clock.every(period, () => this.now());
  }

  /** Looks at once, unless a look is under way. */
  now(): void {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
  }

  /** No look begins any more. Resolves when the one under way has ended. */
  async stop(): Promise<void> {
    this.#cancel();
    await this.#looking;
  }
}
