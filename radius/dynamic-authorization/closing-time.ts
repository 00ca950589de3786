import type { Config } from '../../config/schema';
import type { SiteId } from '../../core/ids';
import { openingAt } from '../../core/opening-hours';
import { SECOND } from '../../core/time';
import type { Cancel, Clock } from '../../runtime/clock';
import type { Live } from '../../runtime/live';
import type { Log } from '../../runtime/log';
import type { EndStore } from '../../store/store';

const LOOK_EVERY = 1 * SECOND;

export interface ClosingTimeDeps {
  readonly config: Live<Config>;
  readonly store: EndStore;
  readonly clock: Clock;
  readonly log: Log;
}

/** Orders the end of a site's sessions when its hours end. One that is closed when the product starts counts as just closed. */
export class ClosingTime {
  readonly #deps: ClosingTimeDeps;
  readonly #closed = new Set<SiteId>();
  #looking: Promise<void> | undefined;
  #cancel: Cancel = () => {};

  constructor(deps: ClosingTimeDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#cancel = this.#deps.clock.every(LOOK_EVERY, () => {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined;
      });
    });
  }

  async stop(): Promise<void> {
    this.#cancel();
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { config, store, clock, log } = this.#deps;
    const now = clock.now();
    for (const { id, rules } of config.current.sites) {
      if (rules.openingHours === undefined || openingAt(rules.openingHours, now).isOpen) this.#closed.delete(id);
      else if (!this.#closed.has(id)) {
        try {
          const { sessions } = await store.orderEnd({ site: id }, now);
          this.#closed.add(id);
          log.info('site-closed', { site: id, count: sessions.length });
        } catch (err) {
          log.error('site-not-closed', { site: id, err });
        }
      }
    }
  }
}
