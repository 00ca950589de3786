import type { Engine } from './engine';
import { redisFault } from './faults';
import { GroupQueue, refused, type Sent } from './group-queue';
import { type Report, reportCallOf } from './report-call';
import { REPORT } from './scripts';

interface Asked {
  readonly report: Report;
  readonly resolve: (isDone: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** Three values for its session, about as many for the lists of one that begins or ends. */
const SIZE = 8;

/**
 * Writes what reports make of their sessions, in groups: each group is one call of the script REPORT, which writes all of
 * it or, if a session is not as expected, nothing; then those go back to who sent them, and the others go again.
 */
export class ReportQueue {
  readonly #engine: Engine;
  readonly #queue = new GroupQueue<Asked>({
    send: (group) => this.#send(group),
    sizeOf: () => SIZE,
    nameOf: ({ report }) => report.name,
  });

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** @returns whether it was written, durably; if not, its session was not as expected or its end is ordered */
  write(report: Report): Promise<boolean> {
    const engine = this.#engine;
    return new Promise((resolve, reject) => {
      const work = this.#queue.add(engine.groupOf(report.of.sessions), { report, resolve, reject });
      if (work !== undefined) engine.waitFor(work);
    });
  }

  async #send(group: readonly Asked[]): Promise<Sent<Asked>> {
    try {
      const { keys, values, asked } = reportCallOf(group);
      const done = String(await this.#engine.run(REPORT, keys, values));
      const isWhole = !done.includes('0');
      const isTold = (i: number): boolean => done[i] === '0';
      return {
        again: isWhole ? [] : asked.filter((_, i) => !isTold(i)),
        tell: () => {
          if (isWhole) for (const { resolve } of asked) resolve(true);
          else for (const [i, { resolve }] of asked.entries()) if (isTold(i)) resolve(false);
        },
      };
    } catch (error) {
      return refused(group, redisFault(error));
    }
  }
}
