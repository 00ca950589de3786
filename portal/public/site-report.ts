import { maintenancePlans } from '../../config/maintenance';
import type { AccessPoint, Config, Site } from '../../config/schema';
import { type Availability, availability, type History, sum } from '../../core/availability';
import { type Health, isUnknownCause, unknownSince, watchTolerance } from '../../core/health';
import { type Interval, within } from '../../core/intervals';
import { covers, type MaintenanceWindow, planned, runsAt, timeOf } from '../../core/maintenance';
import { type OpeningHours, openSpans } from '../../core/opening-hours';
import { type ShownState, type SiteStatus, siteStatus } from '../../core/site-status';
import { DAY, type Millis } from '../../core/time';
import { pathFrom, type Uplinks, uplinksOf } from '../../core/uplinks';
import type { HealthStore } from '../../store/store';

/** An access point as its status page shows it; a suspect one is still up. `agent`: it is there and says nothing. */
export interface ApReport {
  readonly id: string;
  readonly name: string;
  readonly state: 'up' | 'down' | 'parent-down' | 'agent' | 'maintenance' | 'unknown';
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
  /** Time of all access points together, within the opening hours if the site has any. */
  readonly day: Availability;
  readonly month: Availability;
  readonly year: Availability;
  /** The last thirty days, the oldest first; at all hours. */
  readonly days: readonly Availability[];
  /** Work that is going on or planned for the next two weeks, the earliest first. */
  readonly work: readonly MaintenanceWindow[];
}

const DAYS = 30;
const YEAR = 365 * DAY;
const AHEAD = 14 * DAY;

/** What is known of one access point of the site. */
interface Watched {
  readonly ap: AccessPoint;
  readonly health: Health;
  readonly history: History;
  readonly worked: MaintenanceWindow | undefined;
}

export async function siteReport(store: HealthStore, config: Config, site: Site, now: Millis): Promise<SiteReport> {
  const year = { from: now - YEAR, to: now };
  const uplinks = uplinksOf(config);
  const configured = config.accessPoints.filter((ap) => ap.site === site.id);
  const [known, unwatched, kept, histories] = await Promise.all([
    store.allHealth(),
    store.unwatched(year, watchTolerance(config.controller.pollSeconds)),
    store.maintenance({ from: year.from, to: now + AHEAD }),
    Promise.all(configured.map((ap) => store.outages(ap.id, year))),
  ]);
  const watched = configured.map((ap, i): Watched => {
    const { health = unknownSince(now), firstSeenAt } = known.get(ap.id) ?? {};
    const windows = kept.filter((window) => covers(window, ap, pathFrom(ap.id, uplinks)));
    const history = { firstSeenAt, unwatched, outages: histories[i] ?? [], maintenance: windows.map(timeOf) };
    return { ap, health, history, worked: windows.find((window) => runsAt(window, now)) };
  });
  const gap = unwatched.findLast(({ to }) => to >= now);
  const share = (spans: readonly Interval[]): Availability =>
    sum(watched.map(({ history }) => availability(spans, history)));
  const open = openIn(site.rules.openingHours, year);
  const last = (time: Millis): Interval[] => within({ from: now - time, to: now }, open);
  return {
    site,
    status: siteStatus(watched.map(shown), now),
    checkedAt: gap === undefined ? now : gap.from > year.from ? gap.from : undefined,
    isStale: gap !== undefined,
    accessPoints: watched.map((one) => apReport(one, gap !== undefined)),
    ...{ day: share(last(DAY)), month: share(last(DAYS * DAY)), year: share(open) },
    days: Array.from({ length: DAYS }, (_, i) => {
      const from = now - (DAYS - i) * DAY;
      return share([{ from, to: from + DAY }]);
    }),
    work: workAt(configured, {
      kept,
      uplinks,
      plans: planned(maintenancePlans(config), { from: now, to: now + AHEAD }),
      now,
    }),
  };
}

function openIn(hours: OpeningHours | undefined, window: Interval): Interval[] {
  return hours === undefined ? [window] : within(window, openSpans(hours, window));
}

function shown({ health, worked }: Watched): ShownState {
  if (worked !== undefined) return { state: 'maintenance', since: worked.from };
  // Whose agent alone is silent, or to whom the controller has no way, may well work; nobody knows.
  return { state: isUnknownCause(health.cause) ? 'unknown' : health.state, since: health.since };
}

function apReport({ ap: { id, name }, health, worked }: Watched, isStale: boolean): ApReport {
  if (worked !== undefined) return { id, name, state: 'maintenance', since: worked.from };
  const { state, since, cause } = health;
  if (isStale) return { id, name, state: 'unknown', since };
  if (cause !== undefined) return { id, name, state: cause === 'unseen' ? 'unknown' : cause, since };
  return { id, name, state: state === 'suspect' ? 'up' : state, since };
}

interface Work {
  readonly kept: readonly MaintenanceWindow[];
  readonly plans: readonly MaintenanceWindow[];
  readonly uplinks: Uplinks;
  readonly now: Millis;
}

/** What was kept when it began counts, not the plan: it may have been ended early. */
function workAt(aps: readonly AccessPoint[], { kept, plans, uplinks, now }: Work): MaintenanceWindow[] {
  const ids = new Set(kept.map(({ id }) => id));
  return [...kept.filter((window) => timeOf(window).to > now), ...plans.filter(({ id }) => !ids.has(id))]
    .filter((window) => aps.some((ap) => covers(window, ap, pathFrom(ap.id, uplinks))))
    .sort((a, b) => a.from - b.from);
}
