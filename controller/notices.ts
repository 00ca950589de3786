import { type Health, isFlapping, type OutageChange } from '../core/health';
import { type Millis, SECOND } from '../core/time';
import type { Log } from '../runtime/log';
import type { WatchedAp } from './watched-ap';

interface Told {
  readonly before: Health;
  readonly change: OutageChange;
  readonly at: Millis;
}

/**
 * Says that an outage began or ended. Quiet where one notice is enough: one that flaps is told of once, what its uplink
 * or the controller itself does to it not at all, and during planned work nobody is warned.
 */
export function notices(log: Log, { config, health, inMaintenance }: WatchedAp, { before, change, at }: Told): void {
  const { id: ap, site } = config;
  if (isFlapping(health, at)) {
    if (!isFlapping(before, at) && !inMaintenance) log.warn('flapping', { ap, site });
    return;
  }
  const cause = change.cause ?? before.cause;
  const seconds = (from: Millis, to: Millis): number => Math.round((to - from) / SECOND);
  const fields = (from: Millis, to: Millis) => {
    return { ap, site, durationSeconds: seconds(from, to), ...(cause !== undefined && { reason: cause }) };
  };
  if (change.kind === 'close') {
    if (before.state === 'down' && before.cause !== 'unseen')
      log.info('outage-closed', fields(before.since, change.to));
  } else if (change.cause !== 'uplink' && change.cause !== 'unseen') {
    const told = fields(change.kind === 'open' ? change.from : change.at, at);
    if (inMaintenance) log.info('outage-opened', told);
    else log.warn('outage-opened', told);
  }
}
