import type { Soon } from '../runtime/soon';
import { Ring } from './ring';

/** Work that may have to wait for something slow. Exactly one of the two is called. */
export interface Work {
  /** @returns nothing if it is done already */
  run(): Soon<void>;
  /** There is no room for it. */
  giveUp(): void;
}

/** Requests that are under way at the same time: enough for the store to put many records into one commit. */
const MAX_RUNNING = 1024;
const MAX_WAITING = 4096;

/**
 * Runs a bounded number of works at a time and lets a bounded number wait. When there is no room left, the one that has
 * waited longest is given up: its gateway is the first to ask again, or has already stopped waiting.
 */
export class WorkQueue {
  readonly #waiting = new Ring<Work>(MAX_WAITING);
  readonly #whenIdle: (() => void)[] = [];
  #running = 0;

  add(work: Work): void {
    if (this.#running < MAX_RUNNING) {
      this.#start(work);
      return;
    }
    if (this.#waiting.isFull) this.#waiting.shift()?.giveUp();
    this.#waiting.push(work);
  }

  /** Resolves when nothing runs or waits. */
  idle(): Promise<void> {
    if (this.#running === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  /** @param work  must not reject: then nobody would know what became of its request */
  #start(work: Work): void {
    const running = work.run();
    if (!(running instanceof Promise)) return;
    this.#running += 1;
    // `finally` would make three promises more.
    void running.then(() => {
      this.#running -= 1;
      this.#startNext();
    });
  }

  #startNext(): void {
    while (this.#running < MAX_RUNNING) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.#start(next);
    }
    if (this.#running === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
  }
}
