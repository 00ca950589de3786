import { Counter } from 'prom-client';
import type { SiteId } from '../core/ids';
import type { Usage } from '../core/session';
import { PREFIX, type Registry } from './metrics';

interface Total {
  download: number;
  upload: number;
  sessions: number;
}

type Totals = Map<SiteId, Total>;

/** Of each registry, because two roles count into the same series. */
const totalsOf = new WeakMap<Registry, Totals>();

/**
 * What visitors use, as gateways account for it: some to the RADIUS role, some to the portal. Both count into the same
 * series. Plain numbers until Prometheus asks, as a `Tally`.
 */
export class SiteUsage {
  readonly #totals: Totals;

  constructor(registry: Registry) {
    this.#totals = totalsOf.get(registry) ?? shown(registry);
  }

  /** What an accounting record added to the totals of its site. */
  add(site: SiteId, { downloadOctets, uploadOctets, sessions }: Usage & { readonly sessions: number }): void {
    let total = this.#totals.get(site);
    if (total === undefined) {
      total = { download: 0, upload: 0, sessions: 0 };
      this.#totals.set(site, total);
    }
    total.download += downloadOctets;
    total.upload += uploadOctets;
    total.sessions += sessions;
  }
}

function shown(registry: Registry): Totals {
  const totals: Totals = new Map();
  totalsOf.set(registry, totals);
  new Counter({
    name: `${PREFIX}site_octets_total`,
    help: 'Octets carried for visitors, as gateways account for them.',
    labelNames: ['site', 'direction'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [site, { download, upload }] of totals) {
        this.inc({ site, direction: 'download' }, download);
        this.inc({ site, direction: 'upload' }, upload);
      }
    },
  });
  new Counter({
    name: `${PREFIX}site_sessions_total`,
    help: 'Sessions begun.',
    labelNames: ['site'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [site, { sessions }] of totals) this.inc({ site }, sessions);
    },
  });
  return totals;
}
