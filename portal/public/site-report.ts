import type { AccessPoint, Config, Site } from '../../config/schema';
import { type Availability, availability, sum } from '../../core/availability';
import { type Health, unknownSince, watchTolerance } from '../../core/health';
import type { Interval } from '../../core/intervals';
import { type SiteStatus, siteStatus } from '../../core/site-status';
import { DAY, type Millis } from '../../core/time';
import type { HealthStore } from '../../store/store';

/** An access point as its status page shows it; a suspect one is still up. */
export interface ApReport {
  readonly id: string;
  readonly name: string;
  readonly state: 'up' | 'down' | 'unknown';
  readonly since: Millis;
}

/** What everybody may know about a site. No figure in it says anything about its visitors. */
export interface SiteReport {
  readonly site: Site;
  /** If nobody watches just now: what was last known. */
  readonly status: SiteStatus;
  /** When the controller last watched; undefined if it never did. */
  readonly checkedAt: Millis | undefined;
  /** Nobody watches just now, so the status may be wrong. */
  readonly isStale: boolean;
  readonly accessPoints: readonly ApReport[];
  /** Time of all access points together. */
  readonly day: Availability;
  readonly month: Availability;
  /** The thirty days of the month, the oldest first. */
  readonly days: readonly Availability[];
}

const DAYS = 30;

export async function siteReport(store: HealthStore, config: Config, site: Site, now: Millis): Promise<SiteReport> {
  const month = { from: now - DAYS * DAY, to: now };
  const configured = config.accessPoints.filter((ap) => ap.site === site.id);
  const [known, unwatched, histories] = await Promise.all([
    store.allHealth(),
    store.unwatched(month, watchTolerance(config.controller.pollSeconds)),
    Promise.all(configured.map((ap) => store.outages(ap.id, month))),
  ]);
  const watched = configured.map((ap, i) => ({ ap, ...known.get(ap.id), outages: histories[i] ?? [] }));
  const healths = watched.map(({ health }) => health ?? unknownSince(now));
  const gap = unwatched.findLast(({ to }) => to >= now);
  const share = (window: Interval): Availability =>
    sum(watched.map(({ firstSeenAt, outages }) => availability([window], { firstSeenAt, outages, unwatched })));
  return {
    site,
    status: siteStatus(healths, now),
    checkedAt: gap === undefined ? now : gap.from > month.from ? gap.from : undefined,
    isStale: gap !== undefined,
    accessPoints: watched.map(({ ap, health }) => apReport(ap, health ?? unknownSince(now))),
    day: share({ from: now - DAY, to: now }),
    month: share(month),
    days: Array.from({ length: DAYS }, (_, i) => share({ from: month.from + i * DAY, to: month.from + (i + 1) * DAY })),
  };
}

function apReport({ id, name }: AccessPoint, { state, since }: Health): ApReport {
  const shown = { suspect: 'up', 'parent-down': 'down' } as const;
  return { id, name, state: state === 'suspect' || state === 'parent-down' ? shown[state] : state, since };
}
