import type { DayUse } from '../../core/rules';
import { type Millis, SECOND } from '../../core/time';
import type { Pseudonym } from '../pseudonyms';
import type { Change } from './change';
import type { KeptGrant } from './kept-grant';
import type { SiteKeys } from './keys';
import { decodeIf, encode, type GrantRecord } from './records';

/** What a device's grants that are over used in a day, as it lies there: JSON, or null. */
export type LyingUse = string | null;

const NOTHING: DayUse = { octets: 0, seconds: 0 };

/** How long a grant has lasted since it was last accepted. */
function secondsOf({ acceptedAt, expiresAt }: GrantRecord, now: Millis): number {
  return Math.ceil(Math.max(0, Math.min(now, expiresAt) - acceptedAt) / SECOND);
}

export function readUse(lying: LyingUse): DayUse {
  const { octets, seconds } = decodeIf<DayUse>(lying) ?? NOTHING;
  return { octets, seconds };
}

/** Everything that a device used today: by grants that are over, and by the one that lies there. */
export function usedBy(lying: LyingUse, grant: KeptGrant | undefined, now: Millis): DayUse {
  const use = readUse(lying);
  return grant === undefined ? use : withGrant(use, grant, now);
}

/** With what a grant used that is removed. */
export function withGrant(use: DayUse, { record, usedOctets }: KeptGrant, now: Millis): DayUse {
  if (record.dayCount === undefined) return use;
  const own = record.dayCount === 'volume' ? usedOctets : 0;
  return { octets: use.octets + own, seconds: use.seconds + secondsOf(record, now) };
}

/** A grant is accepted anew: with what it lasted so far. Its octets it keeps itself. */
export function withTime(use: DayUse, { record }: KeptGrant, now: Millis): DayUse {
  return record.dayCount === undefined ? use : { ...use, seconds: use.seconds + secondsOf(record, now) };
}

/** Writes what is used from now on, if that is something else. */
export function writeUse(
  change: Change,
  keys: SiteKeys,
  { device, record, lying, use }: { device: Pseudonym; record: GrantRecord; lying: LyingUse; use: DayUse },
): void {
  const { site, day } = record;
  change.expect(keys.dayUse, device, lying);
  const { octets, seconds } = use;
  const before = readUse(lying);
  if (octets === before.octets && seconds === before.seconds) return;
  change
    .write('HSET', keys.dayUse, device, encode({ site, octets, seconds }))
    .write('ZADD', keys.dayUseByDay, dayNumber(day), device);
}

/** `2026-11-20` as 20261120. */
export function dayNumber(day: string): number {
  return Number(day.replaceAll('-', ''));
}
