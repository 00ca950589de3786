import type { Grant } from '../../core/grant';
import { type GrantId, isWord, type SiteId } from '../../core/ids';
import { DAY, type Millis } from '../../core/time';
import type { Pseudonym } from '../pseudonyms';
import { Change } from './change';
import { type LyingUse, readUse, withGrant, writeUse } from './day-use';
import { CHANGED, type Client, type Engine } from './engine';
import { entry, type Keys } from './keys';
import { decode, type GrantRecord } from './records';

/** Longer than any session under it is likely to run. */
export const INDEX_AFTERGLOW_MS = 30 * DAY;

/** Where a grant lies. Never another for the same id. */
export interface GrantPlace {
  readonly site: SiteId;
  readonly device: Pseudonym;
}

/** A grant, where it lies, and as it lies there. */
export interface KeptGrant extends GrantPlace {
  readonly record: GrantRecord;
  readonly usedOctets: number;
  readonly lying: { readonly grant: string; readonly octets: string | null };
}

/** What lies under each of these pseudonyms. */
export async function grantsAt(
  redis: Client,
  keys: Keys,
  site: SiteId,
  devices: readonly Pseudonym[],
): Promise<(KeptGrant | undefined)[]> {
  if (devices.length === 0) return [];
  const { grants, octets } = keys.site(site);
  const [records, used] = await Promise.all([redis.hmget(grants, ...devices), redis.hmget(octets, ...devices)]);
  return devices.map((device, i) => {
    const grant = records[i];
    if (grant === null || grant === undefined) return undefined;
    const lying = { grant, octets: used[i] ?? null };
    const record = decode<GrantRecord>(grant);
    return { site: record.site, device, record, usedOctets: Number(lying.octets), lying };
  });
}

/** Where the grant of this id lies, or lay. */
export async function placeOf(redis: Client, keys: Keys, id: GrantId): Promise<GrantPlace | undefined> {
  if (!isWord(id)) return undefined;
  const [site, device] = await redis.hmgetBuffer(keys.grantIndex(id), 'site', 'device');
  return site && device ? { site: site.toString(), device } : undefined;
}

/** The grant with this id, live or not. */
export async function grantById(redis: Client, keys: Keys, id: GrantId): Promise<KeptGrant | undefined> {
  const place = await placeOf(redis, keys, id);
  const [kept] = place === undefined ? [] : await grantsAt(redis, keys, place.site, [place.device]);
  return kept?.record.id === id ? kept : undefined;
}

/**
 * Removes a grant that is as `isMeant` says; afterwards the way from its id to it goes, too.
 * @returns the grant that was removed
 */
export async function removeGrant(
  engine: Engine,
  redis: Client,
  place: GrantPlace,
  isMeant: (record: GrantRecord) => boolean,
  now: Millis,
): Promise<KeptGrant | undefined> {
  const { keys } = engine;
  const removed = await engine.decide(async () => {
    const [[kept], lyingUse] = await Promise.all([
      grantsAt(redis, keys, place.site, [place.device]),
      redis.hget(keys.site(place.site).dayUse, place.device),
    ]);
    if (kept === undefined || !isMeant(kept.record)) return undefined;
    const change = new Change();
    removal(change, keys, kept, lyingUse, now);
    return (await engine.commit(change)) ? kept : CHANGED;
  });
  if (removed !== undefined) await forgetPlace(engine, removed.record.id);
  return removed;
}

/** What removes a grant in one change, and keeps what it used. */
export function removal(change: Change, keys: Keys, kept: KeptGrant, lying: LyingUse, now: Millis): void {
  const { device, record } = kept;
  const of = keys.site(record.site);
  change.expect(of.grants, device, kept.lying.grant).expect(of.octets, device, kept.lying.octets);
  // A Redis that is full refuses what a script wants to write first, but not what comes after a removal.
  unlist(change, keys, kept);
  writeUse(change, of, { device, record, lying, use: withGrant(readUse(lying), kept, now) });
  change
    .write('HDEL', of.grants, device)
    .write('HDEL', of.octets, device)
    .write('ZREM', of.byExpiry, device)
    .write('UNLINK', of.credits(record.id))
    .tell(record.id);
}

/** Takes a grant out of the lists by site and by gateway. */
export function unlist(change: Change, keys: Keys, { device, record }: KeptGrant): void {
  const of = keys.site(record.site);
  change
    .write('ZREM', of.bySite, entry(record.site, device))
    .write('ZREM', of.byGateway, entry(record.gateway, device));
}

/** Writes down where a grant will lie; before it lies there. Redis cleans up what nobody removes, long after. */
export async function notePlace(
  engine: Engine,
  { site, device }: GrantPlace,
  id: GrantId,
  lasts: Millis,
): Promise<void> {
  const index = engine.keys.grantIndex(id);
  const until = Math.ceil(Math.max(0, lasts) + INDEX_AFTERGLOW_MS);
  await engine.commit(new Change().write('HSET', index, 'site', site, 'device', device).write('PEXPIRE', index, until));
}

/** From now on nothing leads from the id to the pseudonym. Sessions may still run under it. */
export async function forgetPlace(engine: Engine, id: GrantId): Promise<void> {
  await engine.commit(new Change().write('HDEL', engine.keys.grantIndex(id), 'site', 'device'));
}

/** What leaves the store says nothing about the device. */
export function toGrant({ record, usedOctets }: Pick<KeptGrant, 'record' | 'usedOctets'>): Grant {
  const { id, site, gateway, termsVersion, acceptedAt, expiresAt } = record;
  return { id, site, gateway, termsVersion, acceptedAt, expiresAt, usedOctets };
}
