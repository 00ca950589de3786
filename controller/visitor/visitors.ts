import type { Config } from '../../config/schema';
import type { GatewayId, SiteId } from '../../core/ids';
import { SECOND } from '../../core/time';
import type { Cancel, Clock } from '../../runtime/clock';
import type { Live } from '../../runtime/live';
import type { Log } from '../../runtime/log';
import type { Registry } from '../../runtime/metrics';
import type { Random } from '../../runtime/random';
import { VisitorMetrics } from './metrics';
import { isPlayable } from './played-gateway';
import type { RadiusServer } from './radius';
import { type Walk, walk } from './walk';

export interface VisitorsContext {
  readonly config: Live<Config>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly registry: Registry;
  /** Whether this controller watches the site; of several one sends its visitors. */
  readonly holds: (site: SiteId) => boolean;
}

/** Sends a synthetic visitor through each test gateway of the configuration, again and again. */
export class SyntheticVisitors {
  readonly #context: VisitorsContext;
  readonly #metrics: VisitorMetrics;
  readonly #walking = new Set<GatewayId>();
  readonly #failing = new Set<GatewayId>();
  #rounds = new Map<GatewayId, Cancel>();

  constructor(context: VisitorsContext) {
    this.#context = context;
    this.#metrics = new VisitorMetrics(context.registry);
  }

  /** Walks as the configuration says now; to be called again when it was exchanged. */
  follow(): void {
    const { config, clock } = this.#context;
    for (const cancel of this.#rounds.values()) cancel();
    const visitors = config.current.syntheticVisitors;
    for (const gateway of this.#rounds.keys())
      if (!visitors.some((visitor) => visitor.gateway === gateway)) this.#metrics.forget(gateway);
    this.#rounds = new Map(
      visitors.map(({ gateway, everySeconds }) => {
        this.#metrics.expect(gateway);
        return [gateway, clock.every(everySeconds * SECOND, () => void this.#walk(gateway))];
      }),
    );
  }

  /** A walk that is under way ends by itself; nobody is told. */
  stop(): void {
    for (const cancel of this.#rounds.values()) cancel();
    this.#rounds.clear();
  }

  async #walk(id: GatewayId): Promise<void> {
    const { config, clock, random, log, holds } = this.#context;
    if (this.#walking.has(id)) return;
    const site = config.current.gateways.find((gateway) => gateway.id === id)?.site;
    if (site !== undefined && !holds(site)) {
      this.#metrics.forget(id);
      return;
    }
    this.#walking.add(id);
    try {
      const result = await walkThrough(config.current, id, { clock, random });
      if (!this.#rounds.has(id)) return;
      this.#metrics.walked(id, result, clock.now());
      this.#tell(id, result);
    } catch (err) {
      log.error('synthetic-visitor-broke', { nas: id, err });
    } finally {
      this.#walking.delete(id);
    }
  }

  /** Says when it begins to fail and when it is well again, not each time. */
  #tell(id: GatewayId, { failed }: Walk): void {
    const { log } = this.#context;
    if (failed !== undefined && !this.#failing.has(id)) {
      this.#failing.add(id);
      log.warn('synthetic-visitor-failed', { nas: id, reason: failed.step, message: failed.why });
    }
    if (failed === undefined && this.#failing.delete(id)) log.info('synthetic-visitor-succeeds', { nas: id });
  }
}

/** Used where no synthetic visitor is configured for the gateway; from the addresses that RFC 7042 keeps for documents. */
export const TEST_DEVICE = '02:00:5e:00:53:01';

/** @throws TypeError if the gateway cannot be walked through; the configuration check prevents that */
export function walkThrough(
  config: Config,
  id: GatewayId,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): Promise<Walk> {
  const gateway = config.gateways.find((one) => one.id === id);
  if (gateway === undefined || !isPlayable(gateway)) throw new TypeError(`no walk leads through ${id}`);
  const visitor = config.syntheticVisitors.find((one) => one.gateway === id);
  return walk({
    portalUrl: config.portal.url,
    radius: radiusServer(config),
    gateway,
    device: visitor?.device ?? TEST_DEVICE,
    clock,
    random,
  });
}

function radiusServer({ radius: { host, authenticationPort, accountingPort } }: Config): RadiusServer {
  return { host: host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host, authenticationPort, accountingPort };
}
