import type { Exam } from '../core/exam';
import type { SiteId } from '../core/ids';
import type { Millis } from '../core/time';
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

  /** The exam of a site; it may be over. */
  at(site: SiteId): Exam | undefined {
    return this.#exams.get(site);
  }
}
