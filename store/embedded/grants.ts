import { CREDENTIAL_LIFETIME_MS, type Credential, type Grant, isLive } from '../../core/grant';
import type { GrantId, SiteId } from '../../core/ids';
import type { DeviceAddress } from '../../core/mac';
import { FEWEST_TOLD } from '../../core/privacy';
import { keyScope } from '../../core/pseudonym';
import { type Millis, startOfHour, startOfMonth } from '../../core/time';
import type { Random } from '../../runtime/random';
import { type CredentialKey, credentialHash } from '../credentials';
import { type Pseudonym, pseudonym } from '../pseudonyms';
import type { Granted, GrantRequest, GrantStore } from '../store';
import { keepTime, keepUse, takeOctets, usedBy } from './day-use';
import type { Engine } from './engine';
import { type GrantRecord, grantIdOctets } from './grant-record';
import type { Keyring } from './keyring';

export interface GrantTools {
  readonly keyring: Keyring;
  readonly credentialKey: CredentialKey;
  readonly random: Random;
  readonly timeZone: string;
}

/** A grant and where it lies. */
export interface KeptGrant {
  readonly device: Pseudonym;
  readonly record: GrantRecord;
}

export function grantStore(engine: Engine, tools: GrantTools): GrantStore {
  const { acceptances } = engine.tables;
  return {
    putGrant: (request) => putGrant(engine, tools, request),
    findGrant: (site, device, now) =>
      engine.readNow(() => {
        const kept = liveGrant(engine, tools.keyring, site, device, now);
        return kept && toGrant(kept.record);
      }),
    grantVersion: (id) => engine.grantVersion(id),
    usedToday: (site, device, now) =>
      engine.readNow(() => {
        const key = tools.keyring.find(keyScope(site, now, tools.timeZone));
        return key === undefined ? { octets: 0, seconds: 0 } : usedBy(engine, pseudonym(key, device), now);
      }),
    getGrant: (id, now) =>
      engine.read(() => {
        const kept = grantById(engine, id);
        return kept !== undefined && isLive(kept.record, now) ? toGrant(kept.record) : undefined;
      }),
    endGrant: (id, now) =>
      engine.write(() => {
        const kept = grantById(engine, id);
        if (kept === undefined) return false;
        removeGrant(engine, kept, now);
        return isLive(kept.record, now);
      }),
    credentialPassword: (username) => tools.credentialKey.password(username),
    takeCredential: (request) => engine.write(() => takeCredential(engine, tools.keyring, request)),
    isRedeemed: (username, now) =>
      engine.read(() => {
        const issued = engine.tables.credentials.get(credentialHash(username));
        return issued?.used === true && now < issued.expiresAt;
      }),
    acceptances: (site, window) =>
      engine.read(() => {
        const range = acceptances.getRange({
          start: [site, startOfHour(window.from), '', ''],
          end: [site, window.to, '', ''],
        });
        return [...range].flatMap(({ key: [, hour, termsVersion], value: count }) =>
          termsVersion === '' ? [] : { hour, termsVersion, count },
        );
      }),
    acceptancesByLanguage: (site, window) =>
      engine.read(() => {
        const range = acceptances.getRange({
          start: [site, startOfMonth(window.from), '', ''],
          end: [site, window.to, '', ''],
        });
        return [...range].flatMap(({ key: [, month, termsVersion, language], value: count }) =>
          termsVersion === '' && count >= FEWEST_TOLD ? { month, language, count } : [],
        );
      }),
  };
}

/** The grant with this id, live or not. */
export function grantById({ tables: { grants, grantDevices } }: Engine, id: GrantId): KeptGrant | undefined {
  const octets = grantIdOctets(id);
  const device = octets && grantDevices.get(octets);
  const record = device && grants.get(device);
  return device !== undefined && record?.id === id ? { device, record } : undefined;
}

/** Removes a grant and the way from its id to it. To be called inside a writing operation. */
export function removeGrant(engine: Engine, kept: KeptGrant, now: Millis): void {
  const { grants, grantDevices } = engine.tables;
  const { device, record } = kept;
  keepUse(engine, kept, now);
  grantDevices.remove(Buffer.from(record.id, 'base64url'));
  grants.remove(device);
  engine.changesGrant(record.id);
}

async function putGrant(engine: Engine, tools: GrantTools, request: GrantRequest): Promise<Granted> {
  const { keyring, random, timeZone, credentialKey } = tools;
  const scope = keyScope(request.site, request.now, timeZone);
  const device = pseudonym(await keyring.need(scope), request.device);
  const username = request.withCredential ? random.word() : undefined;
  const grant = await engine.write(() => {
    const before = liveGrant(engine, keyring, request.site, request.device, request.now);
    const renewed = before?.record.day === scope.day ? before.record : undefined;
    // The page was accepted before, and somebody taps again.
    const repeated = isRepeated(renewed, request) ? renewed : undefined;
    if (renewed === undefined) clear(engine, device, before, request.now);
    else if (repeated === undefined) keepTime(engine, { device, record: renewed }, request.now);
    const record: GrantRecord = {
      id: renewed?.id ?? random.word(),
      site: request.site,
      gateway: request.gateway,
      termsVersion: request.termsVersion,
      acceptedAt: repeated?.acceptedAt ?? request.now,
      expiresAt: repeated?.expiresAt ?? request.expiresAt,
      usedOctets: renewed?.usedOctets ?? (request.dayCount === 'volume' ? takeOctets(engine, device) : 0),
      day: scope.day,
      ...(request.dayCount !== undefined && { dayCount: request.dayCount }),
      ...(username !== undefined && { credential: credentialHash(username) }),
    };
    if (renewed !== undefined) removeUnredeemed(engine, renewed);
    writeGrant(engine, { device, record });
    if (repeated === undefined) countAcceptance(engine, request);
    writeCredential(engine, record, request.now);
    return toGrant(record);
  });
  if (username === undefined) return { grant };
  return { grant, credential: credential(credentialKey, username, request.now) };
}

function credential(key: CredentialKey, username: string, now: Millis): Credential {
  return { username, password: key.password(username), expiresAt: now + CREDENTIAL_LIFETIME_MS };
}

/** A new grant comes: the live one of another day goes, and one that has expired and lies at the same place. */
function clear(engine: Engine, device: Pseudonym, before: KeptGrant | undefined, now: Millis): void {
  if (before !== undefined) removeGrant(engine, before, now);
  const former = engine.tables.grants.get(device);
  if (former !== undefined) removeGrant(engine, { device, record: former }, now);
}

function isRepeated(renewed: GrantRecord | undefined, { shownAt }: GrantRequest): boolean {
  return renewed !== undefined && shownAt !== undefined && shownAt <= renewed.acceptedAt;
}

function writeGrant(engine: Engine, { device, record }: KeptGrant): void {
  const { grants, grantDevices, keyExpiry } = engine.tables;
  const isNew = grants.get(device) === undefined;
  grants.put(device, record);
  engine.changesGrant(record.id);
  if (isNew) grantDevices.put(Buffer.from(record.id, 'base64url'), device);
  if ((keyExpiry.get([record.site, record.day]) ?? 0) < record.expiresAt) {
    keyExpiry.put([record.site, record.day], record.expiresAt);
  }
}

function writeCredential({ tables }: Engine, { id, gateway, credential }: GrantRecord, now: Millis): void {
  const expiresAt = now + CREDENTIAL_LIFETIME_MS;
  if (credential !== undefined) tables.credentials.put(credential, { grantId: id, gateway, expiresAt, used: false });
}

/** Who taps again gets another credential; the one before serves nobody any more, so that taps cannot fill the disk. */
function removeUnredeemed({ tables: { credentials } }: Engine, { credential }: GrantRecord): void {
  if (credential !== undefined && credentials.get(credential)?.used === false) credentials.remove(credential);
}

function countAcceptance({ tables: { acceptances } }: Engine, request: GrantRequest): void {
  const { site, now, termsVersion, language } = request;
  const keys: [SiteId, Millis, string, string][] = [
    [site, startOfHour(now), termsVersion, ''],
    [site, startOfMonth(now), '', language],
  ];
  for (const key of keys) acceptances.put(key, (acceptances.get(key) ?? 0) + 1);
}

/** Looks under every living key of the site: a grant outlives the change of day. */
function liveGrant(
  { tables: { grants } }: Engine,
  keyring: Keyring,
  site: SiteId,
  address: DeviceAddress,
  now: Millis,
): KeptGrant | undefined {
  for (const { key } of keyring.of(site)) {
    const device = pseudonym(key, address);
    const record = grants.get(device);
    if (record !== undefined && isLive(record, now)) return { device, record };
  }
  return undefined;
}

function takeCredential(
  engine: Engine,
  keyring: Keyring,
  { username, gateway, device, now }: Parameters<GrantStore['takeCredential']>[0],
): Awaited<ReturnType<GrantStore['takeCredential']>> {
  const { credentials } = engine.tables;
  const hash = credentialHash(username);
  const issued = credentials.get(hash);
  if (issued === undefined || issued.expiresAt <= now) return { ok: false, reason: 'credential-unknown' };
  if (issued.used) return { ok: false, reason: 'credential-used' };
  if (issued.gateway !== gateway) return { ok: false, reason: 'credential-other-gateway' };
  const kept = grantById(engine, issued.grantId);
  if (kept === undefined || !isLive(kept.record, now)) return { ok: false, reason: 'grant-expired' };
  const key = keyring.find(kept.record);
  if (key === undefined || !pseudonym(key, device).equals(kept.device)) {
    return { ok: false, reason: 'credential-other-device' };
  }
  credentials.put(hash, { ...issued, used: true });
  return { ok: true, grant: toGrant(kept.record) };
}

/** What leaves the store says nothing about the device. */
export function toGrant(record: GrantRecord): Grant {
  const { id, site, gateway, termsVersion, acceptedAt, expiresAt, usedOctets } = record;
  return { id, site, gateway, termsVersion, acceptedAt, expiresAt, usedOctets };
}
