import type { GatewayId } from '../../../core/ids';
import { MINUTE, type Millis, SECOND } from '../../../core/time';
import type { Clock } from '../../../runtime/clock';
import type { Log } from '../../../runtime/log';
import { Lookout } from '../../../runtime/lookout';
import type { GrantStore } from '../../../store/store';
import { type GatewayAdapter, GatewayAway, type GatewayServices } from '../gateway';

const LOOK_EVERY = 5 * SECOND;
/** Also for devices that slept during a restart. */
const RECALL_EVERY = 5 * MINUTE;

interface Watched {
  readonly services: Pick<GatewayServices, 'guests'>;
  readonly store: Pick<GrantStore, 'getGrant' | 'findGrant'>;
  readonly clock: Clock;
  readonly log: Log;
  /** As the configuration is just now. */
  readonly adapters: () => ReadonlyMap<string, GatewayAdapter>;
}

/**
 * Controllers hear of an end from us alone, and it may be ordered anywhere: at the command line, by the closing of a site.
 * So whoever was let in is looked after: when the grant is gone, the controller is told. Whom it was lives in memory; after
 * a restart the controller says which devices are there, and the store which of them hold a grant.
 */
export class GuestWatch {
  readonly #watched: Watched;
  readonly #lookout = new Lookout(() => this.#look());
  readonly #recallAt = new Map<GatewayId, Millis>();

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  start(): void {
    this.#lookout.start(this.#watched.clock, LOOK_EVERY);
  }

  stop(): Promise<void> {
    return this.#lookout.stop();
  }

  async #look(): Promise<void> {
    const { services, store, clock, log, adapters } = this.#watched;
    try {
      // Together: controllers that do not answer must not keep the others waiting one after the other.
      await Promise.all([...adapters()].map(([id, adapter]) => this.#recall(id, adapter)));
      for (const { grant, gateway } of services.guests.present(clock.now())) {
        if ((await store.getGrant(grant, clock.now())) !== undefined) continue;
        const result = await adapters().get(gateway)?.end?.(grant);
        // What did not work is tried again at the next look, as long as the grant would have lasted.
        if (result === 'done') log.info('guest-ended', { nas: gateway, reason: result });
      }
    } catch (err) {
      // Without the store nobody is thrown out.
      log.error('guests-not-watched', { err });
    }
  }

  async #recall(id: GatewayId, adapter: GatewayAdapter): Promise<void> {
    const { store, clock } = this.#watched;
    const now = clock.monotonic();
    if (adapter.recall === undefined || now < (this.#recallAt.get(id) ?? now)) return;
    this.#recallAt.set(id, now + RECALL_EVERY);
    try {
      await adapter.recall(async (device) => store.findGrant(adapter.site, device, clock.now()));
    } catch (error) {
      // The log has it already, once. It is asked again a minute later.
      if (!(error instanceof GatewayAway)) throw error;
      this.#recallAt.set(id, now + MINUTE);
    }
  }
}
