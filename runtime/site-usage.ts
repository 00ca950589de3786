import { Counter } from 'prom-client';
import type { SiteId } from '../core/ids';
import type { Usage } from '../core/session';
import { PREFIX, type Registry } from './metrics';

const OCTETS = `${PREFIX}site_octets_total`;
const SESSIONS = `${PREFIX}site_sessions_total`;

/**
 * What visitors use, as gateways account for it: some to the RADIUS role, some to the portal. Both count into the same
 * series.
 */
export class SiteUsage {
  readonly #octets: Counter;
  readonly #sessions: Counter;

  constructor(registry: Registry) {
    this.#octets = shared(registry, OCTETS, 'Octets carried for visitors, as gateways account for them.', [
      'site',
      'direction',
    ]);
    this.#sessions = shared(registry, SESSIONS, 'Sessions begun.', ['site']);
  }

  /** What an accounting record added to the totals of its site. */
  add(site: SiteId, { downloadOctets, uploadOctets, sessions }: Usage & { readonly sessions: number }): void {
    this.#octets.inc({ site, direction: 'download' }, downloadOctets);
    this.#octets.inc({ site, direction: 'upload' }, uploadOctets);
    this.#sessions.inc({ site }, sessions);
  }
}

/** The counter of this name, which another role may have defined. */
function shared(registry: Registry, name: string, help: string, labelNames: string[]): Counter {
  const defined = registry.getSingleMetric(name);
  return defined instanceof Counter ? defined : new Counter({ name, help, labelNames, registers: [registry] });
}
