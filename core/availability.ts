import type { Outage } from './health';
import { type Interval, lengthOf, outside, within } from './intervals';
import type { Millis } from './time';

/** How a window of time was spent, in milliseconds. Always `up + down + unknown = window`. */
export interface Availability {
  readonly up: Millis;
  readonly down: Millis;
  /** Before the access point was first seen, and while nobody watched. Counted neither for nor against it. */
  readonly unknown: Millis;
}

/**
 * @param window  the time asked about; `to` is at most now
 * @param firstSeenAt  when the access point first answered; undefined if it never did
 * @param outages  its outages; one that still lasts counts to the end of the window
 * @param unwatched  when no controller ran
 */
export function availability(
  window: Interval,
  firstSeenAt: Millis | undefined,
  outages: readonly Outage[],
  unwatched: readonly Interval[],
): Availability {
  const before = { from: window.from, to: firstSeenAt ?? window.to };
  const watched = outside(window, [before, ...unwatched]);
  const outageIntervals = outages.map(({ from, to }) => ({ from, to: to ?? window.to }));
  const down = watched.reduce((total, part) => total + lengthOf(within(part, outageIntervals)), 0);
  const known = lengthOf(watched);
  return { up: known - down, down, unknown: window.to - window.from - known };
}

/** The share of the known time that was up, from 0 to 1; undefined if nothing is known. */
export function upRatio({ up, down }: Availability): number | undefined {
  return up + down === 0 ? undefined : up / (up + down);
}
