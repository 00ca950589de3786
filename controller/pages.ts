import type { Config } from '../config/schema';
import type { Clock } from '../runtime/clock';
import { EXPOSITION_TYPE, exposition, type Labelled } from '../runtime/exposition';
import type { Live } from '../runtime/live';
import type { OpsPage } from '../runtime/ops-page';
import { AP_SERIES, SAID_SERIES } from './ap-series';
import { discovery } from './discovery';
import { SITE_SERIES, siteFigures, type Watched } from './site-series';
import type { WatchedAp } from './watched-ap';

/** What the pages for Prometheus are made from. */
export interface PagesSource {
  readonly config: Live<Config>;
  readonly clock: Clock;
  readonly watched: Watched;
}

/** What the controller shows to Prometheus. Everything is read when Prometheus asks: what was removed has no series. */
export interface ControllerPages {
  /** Sums of the sites, for /metrics. */
  sites(): AsyncIterable<Uint8Array>;
  /** Each access point: /metrics/aps, of some sites only with `?site=`. */
  readonly aps: OpsPage;
  /** The access points as targets of other scrapes: /sd/aps, with `?site=` as well. */
  readonly discovery: OpsPage;
}

export function controllerPages({ config, clock, watched }: PagesSource): ControllerPages {
  /** The sites asked for: all without a question; undefined if one of them does not exist. */
  const wanted = (query: URLSearchParams): ReadonlySet<string> | undefined => {
    const sites = new Set(config.current.sites.map(({ id }) => id));
    const asked = query.getAll('site');
    if (asked.length === 0) return sites;
    return asked.every((site) => sites.has(site)) ? new Set(asked) : undefined;
  };
  return {
    sites: () => {
      const own = config.current.sites.filter(({ id }) => watched.holds(id));
      return exposition(SITE_SERIES, siteFigures(own, watched, clock.now()));
    },
    aps: {
      type: EXPOSITION_TYPE,
      pieces(query) {
        const sites = wanted(query);
        return sites && exposition(AP_SERIES, labelled(watched.all(), sites), SAID_SERIES);
      },
    },
    discovery: {
      type: 'application/json',
      pieces(query) {
        const sites = wanted(query);
        return sites && discovery(config.current, sites);
      },
    },
  };
}

function labelled(aps: Iterable<WatchedAp>, sites: ReadonlySet<string>): Labelled<WatchedAp>[] {
  const list: Labelled<WatchedAp>[] = [];
  for (const ap of aps) {
    const { id, site } = ap.config;
    if (sites.has(site)) list.push([ap, { ap: id, site }]);
  }
  return list;
}
