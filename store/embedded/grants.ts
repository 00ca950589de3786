import { CREDENTIAL_LIFETIME_MS, type Credential, type Grant, isLive } from '../../core/grant';
import type { SiteId } from '../../core/ids';
import type { DeviceAddress } from '../../core/mac';
import { keyScope } from '../../core/pseudonym';
import { type Millis, startOfHour } from '../../core/time';
import type { Random } from '../../runtime/random';
import { type CredentialKey, credentialHash } from '../credentials';
import { pseudonym } from '../pseudonyms';
import type { Granted, GrantRequest, GrantStore } from '../store';
import type { Engine } from './engine';
import type { Keyring } from './keyring';
import type { GrantRecord } from './tables';

export interface GrantTools {
  readonly keyring: Keyring;
  readonly credentialKey: CredentialKey;
  readonly random: Random;
  readonly timeZone: string;
}

export function grantStore(engine: Engine, tools: GrantTools): GrantStore {
  const { grants, acceptances } = engine.tables;
  return {
    putGrant: (request) => putGrant(engine, tools, request),
    findGrant: (site, device, now) => engine.readNow(() => found(liveGrant(engine, tools.keyring, site, device, now))),
    getGrant: (id, now) =>
      engine.read(() => {
        const record = grants.get(id);
        return found(record !== undefined && isLive(record, now) ? record : undefined);
      }),
    endGrant: (id, now) =>
      engine.write(() => {
        const record = grants.get(id);
        if (record === undefined) return false;
        removeGrant(engine, record);
        return isLive(record, now);
      }),
    credentialPassword: (username) => tools.credentialKey.password(username),
    takeCredential: (request) => engine.write(() => takeCredential(engine, tools.keyring, request)),
    acceptances: (site, window) =>
      engine.read(() => {
        const range = acceptances.getRange({
          start: [site, startOfHour(window.from), '', ''],
          end: [site, window.to, '', ''],
        });
        return [...range].map(({ key: [, hour, termsVersion, language], value: count }) => {
          return { hour, termsVersion, language, count };
        });
      }),
  };
}

/** Removes a grant and the way from its device to it. To be called inside a writing operation. */
export function removeGrant({ tables: { grants, devices } }: Engine, { id, device }: GrantRecord): void {
  if (devices.get(device) === id) devices.remove(device);
  grants.remove(id);
}

async function putGrant(engine: Engine, tools: GrantTools, request: GrantRequest): Promise<Granted> {
  const { keyring, random, timeZone, credentialKey } = tools;
  const scope = keyScope(request.site, request.now, timeZone);
  const device = pseudonym(await keyring.need(scope), request.device);
  const username = request.withCredential ? random.word() : undefined;
  const grant = await engine.write(() => {
    const before = liveGrant(engine, keyring, request.site, request.device, request.now);
    const isRenewal = before !== undefined && before.day === scope.day;
    const record: GrantRecord = {
      id: isRenewal ? before.id : random.word(),
      site: request.site,
      gateway: request.gateway,
      termsVersion: request.termsVersion,
      acceptedAt: request.now,
      expiresAt: request.expiresAt,
      usedOctets: isRenewal ? before.usedOctets : 0,
      device,
      day: scope.day,
      ...(username !== undefined && { credential: credentialHash(username) }),
    };
    if (before !== undefined && !isRenewal) removeGrant(engine, before);
    if (isRenewal) removeUnredeemed(engine, before);
    writeGrant(engine, record);
    countAcceptance(engine, request);
    writeCredential(engine, record, request.now);
    return toGrant(record);
  });
  if (username === undefined) return { grant };
  return { grant, credential: credential(credentialKey, username, request.now) };
}

function credential(key: CredentialKey, username: string, now: Millis): Credential {
  return { username, password: key.password(username), expiresAt: now + CREDENTIAL_LIFETIME_MS };
}

function writeGrant({ tables: { grants, devices, keyExpiry } }: Engine, record: GrantRecord): void {
  grants.put(record.id, record);
  devices.put(record.device, record.id);
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
  const key = [site, startOfHour(now), termsVersion, language] as [SiteId, Millis, string, string];
  acceptances.put(key, (acceptances.get(key) ?? 0) + 1);
}

/** Looks under every living key of the site: a grant outlives the change of day. */
function liveGrant(
  { tables: { devices, grants } }: Engine,
  keyring: Keyring,
  site: SiteId,
  device: DeviceAddress,
  now: Millis,
): GrantRecord | undefined {
  for (const { key } of keyring.of(site)) {
    const id = devices.get(pseudonym(key, device));
    const record = id === undefined ? undefined : grants.get(id);
    if (record !== undefined && isLive(record, now)) return record;
  }
  return undefined;
}

function takeCredential(
  { tables: { credentials, grants } }: Engine,
  keyring: Keyring,
  { username, gateway, device, now }: Parameters<GrantStore['takeCredential']>[0],
): Awaited<ReturnType<GrantStore['takeCredential']>> {
  const hash = credentialHash(username);
  const issued = credentials.get(hash);
  if (issued === undefined || issued.expiresAt <= now) return { ok: false, reason: 'credential-unknown' };
  if (issued.used) return { ok: false, reason: 'credential-used' };
  if (issued.gateway !== gateway) return { ok: false, reason: 'credential-other-gateway' };
  const record = grants.get(issued.grantId);
  if (record === undefined || !isLive(record, now)) return { ok: false, reason: 'grant-expired' };
  const key = keyring.find(record);
  if (key === undefined || !pseudonym(key, device).equals(record.device)) {
    return { ok: false, reason: 'credential-other-device' };
  }
  credentials.put(hash, { ...issued, used: true });
  return { ok: true, grant: toGrant(record) };
}

function found(record: GrantRecord | undefined): Grant | undefined {
  return record === undefined ? undefined : toGrant(record);
}

/** What leaves the store says nothing about the device. */
function toGrant({ device: _device, day: _day, credential: _credential, ...grant }: GrantRecord): Grant {
  return grant;
}
