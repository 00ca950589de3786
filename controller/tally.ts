import { isDown } from '../core/health';
import type { Millis } from '../core/time';
import type { WatchedAp } from './watched-ap';

/** How many access points are on their way down. */
export interface Tally {
  /** Up until now, the suspect ones among them. */
  readonly standing: number;
  readonly suspect: number;
  /** Down since not long ago. */
  readonly fallen: number;
}

/** @param since  what fell before that does not belong to what falls now */
export function tally(all: Iterable<WatchedAp>, since: Millis): Tally {
  let [standing, suspect, fallen] = [0, 0, 0];
  for (const { health } of all) {
    if (health.state === 'up' || health.state === 'suspect') standing++;
    if (health.state === 'suspect') suspect++;
    if (isDown(health) && health.since > since) fallen++;
  }
  return { standing, suspect, fallen };
}
