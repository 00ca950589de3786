import type { Config } from '../config/schema';
import type { Health } from '../core/health';
import type { ApId } from '../core/ids';
import type { Millis } from '../core/time';
import type { Live } from '../runtime/live';
import type { HealthStore } from '../store/store';
import type { Keeper } from './keeper';
import type { Watching } from './share';

interface StraysContext {
  readonly config: Live<Config>;
  readonly store: HealthStore;
  readonly share: Watching;
}

/** Looks in which all controllers agree: then nobody watches what none of them has in its configuration. */
const RETIRE_AFTER = 3;

/**
 * Access points whose health lies in the store and that are not in this configuration. Another controller may have them
 * in its own and watch them, as while a configuration goes from machine to machine; so nobody retires them before all
 * controllers have the same.
 */
export class Strays {
  readonly #context: StraysContext;
  readonly #keeper: Keeper;
  #strays: readonly ApId[] = [];
  #agreedFor = 0;

  constructor(context: StraysContext, keeper: Keeper) {
    this.#context = context;
    this.#keeper = keeper;
  }

  /** @param kept  everything that lies in the store */
  note(kept: ReadonlyMap<ApId, Health>): void {
    this.#strays = this.#unconfigured([...kept].flatMap(([ap, { state }]) => (state === 'unknown' ? [] : [ap])));
  }

  /** To be called once in a poll interval. */
  async look(now: Millis): Promise<void> {
    const { store, share } = this.#context;
    this.#agreedFor = share.isAgreed && share.isCertain ? this.#agreedFor + 1 : 0;
    if (this.#strays.length === 0 || this.#agreedFor < RETIRE_AFTER) return;
    await this.#keeper.guarded(async () => {
      const kept = await store.healthOf(this.#unconfigured(this.#strays));
      this.#strays = [];
      for (const [ap, health] of kept) await this.#keeper.retire(ap, health, now);
    });
  }

  #unconfigured(aps: readonly ApId[]): ApId[] {
    const configured = new Set(this.#context.config.current.accessPoints.map(({ id }) => id));
    return aps.filter((ap) => !configured.has(ap));
  }
}
