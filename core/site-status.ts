import type { Health } from './health';
import type { Millis } from './time';

/** What a school reads in one look. */
export interface SiteStatus {
  readonly state: 'works' | 'partly' | 'down' | 'unknown';
  /** Since when this has been so. */
  readonly since: Millis;
}

/**
 * Sums up the access points of a site. A suspect one still counts as working: it is announced only once it is certain.
 * An access point never seen says nothing about the others; a site of which nothing is known is `unknown`.
 */
export function siteStatus(all: readonly Health[], now: Millis): SiteStatus {
  const known = all.filter((health) => health.state !== 'unknown');
  const down = known.filter((health) => health.state === 'down');
  const up = known.filter((health) => health.state !== 'down');
  const latest = (some: readonly Health[]): Millis => Math.max(...some.map((health) => health.since));
  const earliest = (some: readonly Health[]): Millis => Math.min(...some.map((health) => health.since));
  if (all.length === 0) return { state: 'unknown', since: now };
  if (known.length === 0) return { state: 'unknown', since: earliest(all) };
  if (down.length === 0) return { state: 'works', since: latest(up) };
  if (up.length === 0) return { state: 'down', since: latest(down) };
  return { state: 'partly', since: earliest(down) };
}
