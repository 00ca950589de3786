import { SECOND } from '../core/time';
import { systemClock } from '../runtime/clock';
import type { Contents } from '../store/move/export-file';

/** Tells on standard error, once a second, how far it is; standard output may be the export. */
export class Progress {
  readonly #what: string;
  readonly #begunAt = systemClock.monotonic();
  #toldAt = systemClock.monotonic();
  #total = 0;

  /** @param what  is done to the records: "exported" */
  constructor(what: string) {
    this.#what = what;
  }

  note(total: number): void {
    this.#total = total;
    const now = systemClock.monotonic();
    if (now - this.#toldAt < SECOND) return;
    this.#toldAt = now;
    process.stderr.write(`${this.#sofar(now)}\n`);
  }

  end({ records, content }: Contents): void {
    const classes = Object.entries(records).map(([name, count]) => `${name} ${count}`);
    process.stderr.write(`${this.#sofar(systemClock.monotonic())}: ${classes.join(', ')}\ncontent ${content}\n`);
  }

  #sofar(now: number): string {
    const seconds = Math.max(now - this.#begunAt, 1) / SECOND;
    return `${this.#total} records ${this.#what}, ${Math.round(this.#total / seconds)} per second`;
  }
}
