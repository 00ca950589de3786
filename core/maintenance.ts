import type { ApId, SiteId } from './ids';
import type { Interval } from './intervals';
import { type OpeningHours, openSpans } from './opening-hours';
import type { Millis } from './time';

/** Planned work at these sites and access points; at all if neither is named. */
export interface MaintenanceScope {
  readonly sites: readonly SiteId[];
  readonly accessPoints: readonly ApId[];
}

/** One time of work. It is kept, so that figures of the past stay what they were when a plan is deleted. */
export interface MaintenanceWindow extends Interval, MaintenanceScope {
  readonly id: string;
  /** As schools and visitors read it. */
  readonly reason: string;
  /** The plan of the configuration from which it came. */
  readonly plan?: string;
  /** It ended before its time. */
  readonly endedAt?: Millis;
}

/** Work as the configuration plans it: once, or every week. */
export interface MaintenancePlan extends MaintenanceScope {
  readonly id: string;
  readonly reason: string;
  readonly when: Interval | OpeningHours;
}

/** The windows of the plans that overlap a time, the earliest first. */
export function planned(plans: readonly MaintenancePlan[], window: Interval): MaintenanceWindow[] {
  return plans
    .flatMap(({ id, reason, sites, accessPoints, when }) =>
      ('from' in when ? [when] : openSpans(when, window)).map(({ from, to }) => {
        return { id: `${id}@${from}`, plan: id, reason, sites, accessPoints, from, to };
      }),
    )
    .filter(({ from, to }) => from < window.to && to > window.from)
    .sort((a, b) => a.from - b.from);
}

/** When the work was done: what was ended early counts up to there. */
export function timeOf({ from, to, endedAt }: MaintenanceWindow): Interval {
  return { from, to: Math.max(from, Math.min(to, endedAt ?? to)) };
}

export function runsAt(window: MaintenanceWindow, at: Millis): boolean {
  const { from, to } = timeOf(window);
  return from <= at && at < to;
}

/** @param path  what the access point is reached through: work on that is work on it */
export function covers(
  { sites, accessPoints }: MaintenanceScope,
  ap: { readonly id: ApId; readonly site: SiteId },
  path: readonly ApId[],
): boolean {
  if (sites.length === 0 && accessPoints.length === 0) return true;
  return sites.includes(ap.site) || [ap.id, ...path].some((id) => accessPoints.includes(id));
}
