import type { HealthState } from './health';
import type { Millis } from './time';

/** What a school reads in one look. */
export interface SiteStatus {
  readonly state: 'works' | 'partly' | 'down' | 'maintenance' | 'unknown';
  /** Since when this has been so. */
  readonly since: Millis;
}

/** An access point as everybody is shown it. */
export interface ShownState {
  readonly state: HealthState;
  readonly since: Millis;
}

/**
 * Sums up the access points of a site. A suspect one still counts as working: it is announced only once it is certain.
 * An access point never seen says nothing about the others; a site of which nothing is known is `unknown`. Planned work
 * is named only if nothing else is wrong.
 */
export function siteStatus(all: readonly ShownState[], now: Millis): SiteStatus {
  const those = (...states: HealthState[]): ShownState[] => all.filter(({ state }) => states.includes(state));
  const down = those('down', 'parent-down');
  const up = those('up', 'suspect');
  const worked = those('maintenance');
  const latest = (some: readonly ShownState[]): Millis => Math.max(...some.map(({ since }) => since));
  const earliest = (some: readonly ShownState[]): Millis => Math.min(...some.map(({ since }) => since));
  if (all.length === 0) return { state: 'unknown', since: now };
  if (down.length > 0) {
    return up.length === 0 ? { state: 'down', since: latest(down) } : { state: 'partly', since: earliest(down) };
  }
  if (worked.length > 0) return { state: 'maintenance', since: earliest(worked) };
  return up.length === 0 ? { state: 'unknown', since: earliest(all) } : { state: 'works', since: latest(up) };
}
