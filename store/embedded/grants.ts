import { CREDENTIAL_LIFETIME_MS, type Credential, type Grant, isLive } from '../../core/grant';
import type { GrantId, SiteId } from '../../core/ids';
import type { DeviceAddress } from '../../core/mac';
import { FEWEST_TOLD } from '../../core/privacy';
import { type KeyScope, keyScope } from '../../core/pseudonym';
import { type Millis, startOfHour, startOfMonth } from '../../core/time';
import type { Random } from '../../runtime/random';
import type { CredentialKey } from '../credentials';
import { type Pseudonym, pseudonym } from '../pseudonyms';
import type { Granted, GrantRequest, GrantStore } from '../store';
import { credentialPlace, drawUsername, findCredential, redeemed } from './credential-place';
import { keepTime, keepUse, takeOctets, usedBy } from './day-use';
import type { Engine } from './engine';
import { type GrantRecord, grantIdOctets } from './grant-record';
import { eachOf, Groups } from './groups';
import type { Keyring } from './keyring';
import type { Tables } from './tables';

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
  const groups = grantGroups(engine, tools);
  return {
    putGrant: (request) => putGrant(groups, tools, request),
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
    takeCredential: (request) => engine.write(() => takeCredential(engine, tools, request)),
    isRedeemed: (username, now) => engine.read(() => redeemed(engine, username, now) !== undefined),
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

/** An acceptance whose device has a name: what is decided and written when its turn comes. */
interface Applying {
  readonly request: GrantRequest;
  readonly scope: KeyScope;
  readonly device: Pseudonym;
  readonly credential: Buffer | undefined;
}

/** Grants are written in groups: what is counted for an hour, and until when a key is needed, is written once for all. */
type GrantGroups = Groups<Applying, Grant, Grant>;

function grantGroups(engine: Engine, tools: GrantTools): GrantGroups {
  return new Groups(
    engine,
    (group) => {
      const totals = new Totals(engine);
      const granted = eachOf(group, (applying) => grant(engine, tools, totals, applying));
      totals.write();
      return granted;
    },
    (granted) => granted,
  );
}

async function putGrant(groups: GrantGroups, tools: GrantTools, request: GrantRequest): Promise<Granted> {
  const { keyring, random, timeZone, credentialKey } = tools;
  const scope = keyScope(request.site, request.now, timeZone);
  const key = keyring.find(scope) ?? (await keyring.need(scope));
  const device = pseudonym(key, request.device);
  if (!request.withCredential) return { grant: await groups.add({ request, scope, device, credential: undefined }) };
  const username = drawUsername(random, request.now);
  const granted = await groups.add({ request, scope, device, credential: credentialPlace(username) });
  return { grant: granted, credential: credential(credentialKey, username, request.now) };
}

/** To be called inside a writing operation. */
function grant(
  engine: Engine,
  { keyring, random }: GrantTools,
  totals: Totals,
  { request, scope, device, credential }: Applying,
): Grant {
  const { grants, grantDevices, credentials } = engine.tables;
  const { site, gateway, termsVersion, now } = request;
  // What lies where the grant will lie, live or not.
  const former = grants.get(device);
  const isLiveToday = former !== undefined && isLive(former, now);
  const renewed = isLiveToday && former.day === scope.day ? former : undefined;
  // The page was accepted before, and somebody taps again.
  const repeated = isRepeated(renewed, request) ? renewed : undefined;
  const elsewhere = isLiveToday ? undefined : liveGrant(engine, keyring, site, request.device, now, scope.day);
  const formerCredential = renewed && unredeemed(engine, renewed);
  if (elsewhere !== undefined) removeGrant(engine, elsewhere, now);
  if (former !== undefined && renewed === undefined) removeGrant(engine, { device, record: former }, now);
  if (renewed !== undefined && repeated === undefined) keepTime(engine, { device, record: renewed }, now);
  const record: GrantRecord = {
    id: renewed?.id ?? random.word(),
    site,
    gateway,
    termsVersion,
    acceptedAt: repeated?.acceptedAt ?? now,
    expiresAt: repeated?.expiresAt ?? request.expiresAt,
    usedOctets: renewed?.usedOctets ?? (request.dayCount === 'volume' ? takeOctets(engine, device) : 0),
    day: scope.day,
    ...(request.dayCount !== undefined && { dayCount: request.dayCount }),
    ...(credential !== undefined && { credential }),
  };
  grants.put(device, record);
  if (renewed === undefined) grantDevices.put(Buffer.from(record.id, 'base64url'), device);
  engine.changesGrant(record.id);
  totals.keyNeeded(record);
  if (repeated === undefined) totals.accepted(request);
  // Who taps again gets another credential; the one before serves nobody any more, so that taps cannot fill the disk.
  if (formerCredential !== undefined) credentials.remove(formerCredential);
  if (credential !== undefined) {
    credentials.put(credential, { grantId: record.id, gateway, expiresAt: now + CREDENTIAL_LIFETIME_MS, used: false });
  }
  return toGrant(record);
}

function credential(key: CredentialKey, username: string, now: Millis): Credential {
  return { username, password: key.password(username), expiresAt: now + CREDENTIAL_LIFETIME_MS };
}

function isRepeated(renewed: GrantRecord | undefined, { shownAt }: GrantRequest): boolean {
  return renewed !== undefined && shownAt !== undefined && shownAt <= renewed.acceptedAt;
}

/** The grant's latest credential, if it was not redeemed. */
function unredeemed({ tables: { credentials } }: Engine, { credential }: GrantRecord): Buffer | undefined {
  return credential !== undefined && credentials.get(credential)?.used === false ? credential : undefined;
}

type AcceptanceKey = [site: SiteId, hour: Millis, termsVersion: string, language: string];

/** What the grants of a group add to: read once and written once. */
class Totals {
  readonly #tables: Tables;
  readonly #acceptances = new Map<string, { readonly key: AcceptanceKey; count: number }>();
  readonly #keys = new Map<string, { readonly key: [SiteId, string]; until: Millis; isLater: boolean }>();

  constructor({ tables }: Engine) {
    this.#tables = tables;
  }

  accepted({ site, now, termsVersion, language }: GrantRequest): void {
    this.#count([site, startOfHour(now), termsVersion, '']);
    this.#count([site, startOfMonth(now), '', language]);
  }

  #count(key: AcceptanceKey): void {
    const name = key.join(' ');
    const counted = this.#acceptances.get(name);
    if (counted !== undefined) counted.count += 1;
    else this.#acceptances.set(name, { key, count: (this.#tables.acceptances.get(key) ?? 0) + 1 });
  }

  /** A key of pseudonyms lives until the last grant made under it has expired. */
  keyNeeded({ site, day, expiresAt }: GrantRecord): void {
    const name = `${site} ${day}`;
    let needed = this.#keys.get(name);
    if (needed === undefined) {
      const key: [SiteId, string] = [site, day];
      needed = { key, until: this.#tables.keyExpiry.get(key) ?? 0, isLater: false };
      this.#keys.set(name, needed);
    }
    if (expiresAt <= needed.until) return;
    needed.until = expiresAt;
    needed.isLater = true;
  }

  write(): void {
    for (const { key, count } of this.#acceptances.values()) this.#tables.acceptances.put(key, count);
    for (const { key, until, isLater } of this.#keys.values()) if (isLater) this.#tables.keyExpiry.put(key, until);
  }
}

/**
 * Looks under every living key of the site: a grant outlives the change of day.
 * @param except  a day that was looked at
 */
function liveGrant(
  { tables: { grants } }: Engine,
  keyring: Keyring,
  site: SiteId,
  address: DeviceAddress,
  now: Millis,
  except?: string,
): KeptGrant | undefined {
  for (const { key, day } of keyring.of(site)) {
    if (day === except) continue;
    const device = pseudonym(key, address);
    const record = grants.get(device);
    if (record !== undefined && isLive(record, now)) return { device, record };
  }
  return undefined;
}

function takeCredential(
  engine: Engine,
  { keyring, credentialKey }: Pick<GrantTools, 'keyring' | 'credentialKey'>,
  { username, gateway, device, now, request }: Parameters<GrantStore['takeCredential']>[0],
): Awaited<ReturnType<GrantStore['takeCredential']>> {
  const found = findCredential(engine, username);
  if (found === undefined || found.issued.expiresAt <= now) return { ok: false, reason: 'credential-unknown' };
  const { place, issued } = found;
  const by = request && credentialKey.mark(request);
  const isRepeated = by !== undefined && by === issued.usedBy;
  if (issued.used && !isRepeated) return { ok: false, reason: 'credential-used' };
  if (issued.gateway !== gateway) return { ok: false, reason: 'credential-other-gateway' };
  const kept = grantById(engine, issued.grantId);
  if (kept === undefined || !isLive(kept.record, now)) return { ok: false, reason: 'grant-expired' };
  const key = keyring.find(kept.record);
  if (key === undefined || !pseudonym(key, device).equals(kept.device)) {
    return { ok: false, reason: 'credential-other-device' };
  }
  if (!isRepeated) {
    engine.tables.credentials.put(place, { ...issued, used: true, ...(by !== undefined && { usedBy: by }) });
  }
  return { ok: true, grant: toGrant(kept.record) };
}

/** What leaves the store says nothing about the device. */
export function toGrant(record: GrantRecord): Grant {
  const { id, site, gateway, termsVersion, acceptedAt, expiresAt, usedOctets } = record;
  return { id, site, gateway, termsVersion, acceptedAt, expiresAt, usedOctets };
}
