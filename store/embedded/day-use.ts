import type { SiteId } from '../../core/ids';
import type { DayUse } from '../../core/rules';
import { type Millis, SECOND } from '../../core/time';
import type { Pseudonym } from '../pseudonyms';
import type { Engine } from './engine';
import type { GrantRecord } from './grant-record';
import type { KeptGrant } from './grants';

/**
 * What a device's grants that are over used in a day. It lies beside the pseudonym of that day, and goes when the day is
 * over, whether or not the key lives on; where no rule counts by day there is none.
 */
export interface DayUseRecord extends DayUse {
  readonly day: string;
  /** Missing in records of before it was kept. */
  readonly site?: SiteId;
}

/** How long a grant has lasted since it was last accepted. */
function secondsOf({ acceptedAt, expiresAt }: GrantRecord, now: Millis): number {
  return Math.ceil(Math.max(0, Math.min(now, expiresAt) - acceptedAt) / SECOND);
}

/** Everything that a device used today: by grants that are over, and by the one that lies there. */
export function usedBy({ tables: { dayUse, grants } }: Engine, device: Pseudonym, now: Millis): DayUse {
  const { octets = 0, seconds = 0 } = dayUse.get(device) ?? {};
  const grant = grants.get(device);
  if (grant?.dayCount === undefined) return { octets, seconds };
  const own = grant.dayCount === 'volume' ? grant.usedOctets : 0;
  return { octets: octets + own, seconds: seconds + secondsOf(grant, now) };
}

/** Keeps what a grant used that is removed. To be called inside a writing operation. */
export function keepUse({ tables: { dayUse } }: Engine, { device, record }: KeptGrant, now: Millis): void {
  if (record.dayCount === undefined) return;
  const { octets = 0, seconds = 0 } = dayUse.get(device) ?? {};
  const own = record.dayCount === 'volume' ? record.usedOctets : 0;
  dayUse.put(device, {
    site: record.site,
    day: record.day,
    octets: octets + own,
    seconds: seconds + secondsOf(record, now),
  });
}

/** A grant is accepted anew: what it lasted so far. Its octets it keeps itself. */
export function keepTime({ tables: { dayUse } }: Engine, { device, record }: KeptGrant, now: Millis): void {
  if (record.dayCount === undefined) return;
  const { octets = 0, seconds = 0 } = dayUse.get(device) ?? {};
  dayUse.put(device, { site: record.site, day: record.day, octets, seconds: seconds + secondsOf(record, now) });
}

/** The octets with which a new grant goes on; from here on it is the grant that keeps them. */
export function takeOctets({ tables: { dayUse } }: Engine, device: Pseudonym): number {
  const kept = dayUse.get(device);
  if (kept === undefined) return 0;
  dayUse.put(device, { ...kept, octets: 0 });
  return kept.octets;
}
