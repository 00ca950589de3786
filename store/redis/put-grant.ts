import { isLive } from '../../core/grant';
import { type KeyScope, keyScope } from '../../core/pseudonym';
import type { DayUse } from '../../core/rules';
import { startOfHour, startOfMonth } from '../../core/time';
import type { Random } from '../../runtime/random';
import { type CredentialKey, credentialHash } from '../credentials';
import { type Pseudonym, pseudonym } from '../pseudonyms';
import type { Granted, GrantRequest } from '../store';
import { Change } from './change';
import { credentialOf, issue, takeBack } from './credentials';
import { type LyingUse, readUse, withGrant, withTime, writeUse } from './day-use';
import { CHANGED, type Client, type Engine } from './engine';
import { forgetPlace, grantsAt, type KeptGrant, notePlace, removal, toGrant, unlist } from './kept-grant';
import type { Keyring } from './keyring';
import { entry, hourText } from './keys';
import { encode, type GrantRecord } from './records';

export interface GrantTools {
  readonly keyring: Keyring;
  readonly credentialKey: CredentialKey;
  readonly random: Random;
  readonly timeZone: string;
}

/**
 * The steps, in this order, so that a process may die between any two: key, way from the id, credential, then the grant
 * itself in one change; last, what it replaces goes. Until then nobody was told, and a way or a credential that leads to
 * no grant lets nobody in.
 */
export async function putGrant(
  engine: Engine,
  redis: Client,
  tools: GrantTools,
  request: GrantRequest,
): Promise<Granted> {
  const { random, timeZone, credentialKey } = tools;
  const { site, gateway, now } = request;
  const scope = keyScope(site, now, timeZone);
  const username = request.withCredential ? random.word() : undefined;
  const hash = username === undefined ? undefined : credentialHash(username).toString('base64url');
  const freshId = random.word();
  const { found, next } = await engine.decide(async () => {
    await tools.keyring.need(redis, scope);
    const found = await lookUp(engine, redis, tools, request, scope);
    if (found === undefined) return CHANGED;
    const next = nextGrant(found, request, scope, freshId, hash);
    const { id, expiresAt } = next.record;
    await Promise.all([
      notePlace(engine, { site, device: found.device }, id, expiresAt - now),
      hash === undefined ? undefined : issue(engine, hash, { grantId: id, gateway }, now),
    ]);
    return (await engine.commit(changeTo(engine, found, next, request))) ? { found, next } : CHANGED;
  });
  await tidyUp(engine, found, next);
  const grant = toGrant(next);
  if (username === undefined) return { grant };
  return { grant, credential: credentialOf(credentialKey, username, now) };
}

/** What lies there for the device of a request. */
interface Found {
  readonly device: Pseudonym;
  readonly wrappedKey: Buffer;
  /** What lies under today's pseudonym, live or not. */
  readonly lying: KeptGrant | undefined;
  /** The live grant, of today or of a day before. */
  readonly live: KeptGrant | undefined;
  readonly use: LyingUse;
  /** What was used on the day of the live grant. */
  readonly useOfLive: LyingUse;
}

/** Undefined if today's key has gone meanwhile. */
async function lookUp(
  { keys }: Engine,
  redis: Client,
  { keyring }: GrantTools,
  request: GrantRequest,
  { day }: KeyScope,
): Promise<Found | undefined> {
  const { site, now } = request;
  return keyring.under(redis, site, async (held) => {
    const today = held.findIndex((key) => key.day === day);
    const devices = held.map(({ key }) => pseudonym(key, request.device));
    const device = devices[today];
    const wrappedKey = held[today]?.wrapped;
    if (device === undefined || wrappedKey === undefined) return undefined;
    const [grants, uses] = await Promise.all([
      grantsAt(redis, keys, site, devices),
      redis.hmget(keys.site(site).dayUse, ...devices),
    ]);
    const live = grants.findIndex((kept) => kept !== undefined && isLive(toGrant(kept), now));
    const [use, useOfLive] = [uses[today] ?? null, uses[live] ?? null];
    return { device, wrappedKey, lying: grants[today], live: grants[live], use, useOfLive };
  });
}

interface Next {
  readonly record: GrantRecord;
  readonly usedOctets: number;
  /** The live grant of today, which goes on. */
  readonly renewed: KeptGrant | undefined;
  /** The page was accepted before, and somebody taps again. */
  readonly isRepeated: boolean;
  /** What is kept of the device's use today from now on. */
  readonly use: DayUse;
}

function nextGrant(
  found: Found,
  request: GrantRequest,
  { day }: KeyScope,
  freshId: string,
  credential: string | undefined,
): Next {
  const { site, gateway, termsVersion, now, shownAt, dayCount } = request;
  const renewed = found.live?.record.day === day ? found.live : undefined;
  const repeated =
    renewed !== undefined && shownAt !== undefined && shownAt <= renewed.record.acceptedAt ? renewed.record : undefined;
  const record: GrantRecord = {
    id: renewed?.record.id ?? freshId,
    ...{ site, gateway, termsVersion, day },
    acceptedAt: repeated?.acceptedAt ?? now,
    expiresAt: repeated?.expiresAt ?? request.expiresAt,
    ...(dayCount !== undefined && { dayCount }),
    ...(credential !== undefined && { credential }),
  };
  const use = readUse(found.use);
  const is = { record, renewed, isRepeated: repeated !== undefined };
  if (renewed !== undefined) {
    const { usedOctets } = renewed;
    return { ...is, usedOctets, use: repeated === undefined ? withTime(use, renewed, now) : use };
  }
  // One that has expired and lies at the same place goes.
  const before = found.lying === undefined ? use : withGrant(use, found.lying, now);
  if (dayCount !== 'volume') return { ...is, usedOctets: 0, use: before };
  // From here on it is the grant that keeps the octets.
  return { ...is, usedOctets: before.octets, use: { ...before, octets: 0 } };
}

function changeTo({ keys }: Engine, found: Found, next: Next, request: GrantRequest): Change {
  const { device, wrappedKey, lying, live } = found;
  const { record, renewed } = next;
  const { site, gateway } = request;
  const of = keys.site(site);
  const change = new Change()
    .expect(of.pseudonymKeys(site), record.day, wrappedKey)
    .expect(of.grants, device, lying?.lying.grant ?? null);
  if (renewed === undefined) {
    if (live !== undefined) removal(change, keys, live, found.useOfLive, request.now);
    change.expect(of.octets, device, lying?.lying.octets ?? null).write('HSET', of.octets, device, next.usedOctets);
    if (lying !== undefined) change.write('UNLINK', of.credits(lying.record.id));
  }
  if (lying !== undefined) unlist(change, keys, lying);
  writeUse(change, of, { device, record, lying: found.use, use: next.use });
  change
    .write('HSET', of.grants, device, encode(record))
    .write('ZADD', of.byExpiry, record.expiresAt, device)
    .write('ZADD', of.bySite, 0, entry(site, device))
    .write('ZADD', of.byGateway, 0, entry(gateway, device))
    .write('ZADD', of.keyExpiry, 'GT', record.expiresAt, `${site}\0${record.day}`);
  for (const id of new Set([record.id, lying?.record.id ?? record.id])) change.tell(id);
  if (!next.isRepeated) {
    const { termsVersion, language, now } = request;
    // By hour without the language, by language within the month.
    for (const [from, version, read] of [
      [startOfHour(now), termsVersion, ''],
      [startOfMonth(now), '', language],
    ] as const) {
      const name = [site, hourText(from), version, read].join('\0');
      change.count(of.acceptances, name, from, [['', 1]]);
    }
  }
  return change;
}

/** What was replaced: ways from former ids, and a credential that nobody redeemed. */
async function tidyUp(engine: Engine, { lying, live }: Found, { renewed }: Next): Promise<void> {
  const credential = renewed?.record.credential;
  const gone = renewed === undefined ? [lying, live].flatMap((kept) => kept?.record.id ?? []) : [];
  await Promise.all([
    ...gone.map((id) => forgetPlace(engine, id)),
    ...(credential === undefined ? [] : [takeBack(engine, credential)]),
  ]);
}
