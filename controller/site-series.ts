import type { Site } from '../config/schema';
import { HEALTH_STATES, type HealthState } from '../core/health';
import type { ApId, SiteId } from '../core/ids';
import { openingAt } from '../core/opening-hours';
import type { Millis } from '../core/time';
import type { Labelled } from '../runtime/exposition';
import type { Family } from '../runtime/series';
import { works } from './ap-series';
import { type EndedOutages, OUTAGE_REASONS } from './ended-outages';
import type { WatchedAp } from './watched-ap';

/** What the access points of a site are together. */
export interface SiteFigures {
  readonly site: Site;
  readonly isOpen: boolean;
  readonly inState: Map<HealthState, number>;
  flapping: number;
  readonly ended: EndedOutages;
  /** What it is reached through, if that is named. */
  readonly uplink: WatchedAp | undefined;
  /** Undefined if none of them says how many. */
  clients: number | undefined;
}

/** Every series of a site, on /metrics: a town can see how it stands without a series for each access point. */
export const SITE_SERIES: readonly Family<SiteFigures>[] = [
  {
    name: 'site_info',
    help: 'What a site is: its name and its kind in the configuration. Always 1.',
    type: 'gauge',
    labelNames: ['name', 'kind'],
    show: ({ site: { name, kind } }, show) => show(1, { name, kind }),
  },
  {
    name: 'site_latitude_degrees',
    help: 'Where the site lies on the map (WGS 84), north of the equator.',
    type: 'gauge',
    show: ({ site }, show) => show(site.location?.latitude),
  },
  {
    name: 'site_longitude_degrees',
    help: 'Where the site lies on the map (WGS 84), east of Greenwich.',
    type: 'gauge',
    show: ({ site }, show) => show(site.location?.longitude),
  },
  {
    name: 'site_open',
    help: 'Whether the site is within its opening hours: 1 or 0. Always 1 where there are none.',
    type: 'gauge',
    show: ({ isOpen }, show) => show(Number(isOpen)),
  },
  {
    name: 'site_uplink_up',
    help: 'Whether what the site is reached through works: 1 or 0. Absent if nothing is named, or nobody knows.',
    type: 'gauge',
    labelNames: ['ap'],
    show: ({ uplink }, show) => show(uplink && works(uplink), uplink && { ap: uplink.config.id }),
  },
  {
    name: 'site_access_points',
    help: 'Access points of the site by the state they are in.',
    type: 'gauge',
    labelNames: ['state'],
    show: ({ inState }, show) => {
      for (const state of HEALTH_STATES) show(inState.get(state) ?? 0, { state });
    },
  },
  {
    name: 'site_flapping_access_points',
    help: 'Access points of the site that went down and came up five times within half an hour.',
    type: 'gauge',
    show: ({ flapping }, show) => show(flapping),
  },
  {
    name: 'site_outages_ended_total',
    help: 'Outages of access points of the site that ended since this process started, by what their end told of the reason.',
    type: 'counter',
    labelNames: ['reason'],
    show: ({ site: { id }, ended }, show) => {
      for (const reason of OUTAGE_REASONS) show(ended.of(id, reason), { reason });
    },
  },
  {
    name: 'site_clients',
    help: 'Devices in the radio cells of the site, as far as its access points say.',
    type: 'gauge',
    show: ({ clients }, show) => show(clients),
  },
];

/** The access points as they are watched. */
export interface Watched {
  all(): Iterable<WatchedAp>;
  get(ap: ApId): WatchedAp | undefined;
  /** Whether this controller watches the site; of several controllers one does. */
  holds(site: SiteId): boolean;
  readonly ended: EndedOutages;
}

/** Sums up the access points of each site. */
export function siteFigures(sites: readonly Site[], watched: Watched, now: Millis): Labelled<SiteFigures>[] {
  const figures = new Map<string, SiteFigures>();
  for (const site of sites) {
    const { openingHours } = site.rules;
    const isOpen = openingHours === undefined || openingAt(openingHours, now).isOpen;
    const uplink = site.uplink === undefined ? undefined : watched.get(site.uplink);
    const { ended } = watched;
    figures.set(site.id, { site, isOpen, uplink, inState: new Map(), flapping: 0, ended, clients: undefined });
  }
  for (const { config, state, said, isFlapping } of watched.all()) {
    const at = figures.get(config.site);
    if (at === undefined) continue;
    if (isFlapping) at.flapping++;
    at.inState.set(state, (at.inState.get(state) ?? 0) + 1);
    if (said?.clients !== undefined) at.clients = (at.clients ?? 0) + said.clients;
  }
  return [...figures].map(([id, at]) => [at, { site: id }]);
}
