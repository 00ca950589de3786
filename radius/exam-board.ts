import { type Exam, isRunning } from '../core/exam';
import type { SiteId } from '../core/ids';
import type { Millis } from '../core/time';
import type { Soon } from '../runtime/soon';
import type { ExamStore } from '../store/store';

/**
 * The exams that schools have set, at hand for every login, also while the store does not answer. It is looked at once a
 * second, before sessions are ended: who is thrown out is refused from then on.
 */
export class ExamBoard {
  readonly #store: ExamStore;
  #exams: ReadonlyMap<SiteId, Exam> = new Map();

  constructor(store: ExamStore) {
    this.#store = store;
  }

  /** Rejects like the store; what was known stays then. */
  async refresh(now: Millis): Promise<void> {
    this.#exams = await this.#store.exams(now);
  }

  /** The exam that runs at a site. Asked for again before somebody is refused: it may have been ended a moment ago. */
  confirm(site: SiteId, now: Millis): Soon<Exam | undefined> {
    const known = this.#exams.get(site);
    if (known === undefined || !isRunning(known, now)) return undefined;
    const asked = this.#store.findExam(site, now);
    return asked instanceof Promise ? asked.catch(() => known) : asked;
  }

  /** The exam of a site as the store last said; it may be over. */
  at(site: SiteId): Exam | undefined {
    return this.#exams.get(site);
  }
}
