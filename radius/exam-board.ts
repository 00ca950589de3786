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
  /** Sites whose exam was found ended by a login, between two looks. */
  readonly #lifted = new Set<SiteId>();

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
    return asked instanceof Promise
      ? asked.then((exam) => this.#confirmed(site, exam)).catch(() => known)
      : this.#confirmed(site, asked);
  }

  /** Whether somebody was let in although the last look saw an exam; true once. */
  takeLifted(site: SiteId): boolean {
    return this.#lifted.delete(site);
  }

  #confirmed(site: SiteId, exam: Exam | undefined): Exam | undefined {
    if (exam === undefined) this.#lifted.add(site);
    return exam;
  }

  /** The exam of a site as the store last said; it may be over. */
  at(site: SiteId): Exam | undefined {
    return this.#exams.get(site);
  }
}
