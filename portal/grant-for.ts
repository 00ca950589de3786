import type { Site } from '../config/schema';
import { type Applicant, decideGrant, type GrantDecision, grantEnd, unseenGrantEnd } from '../core/decide';
import { CREDENTIAL_LIFETIME_MS } from '../core/grant';
import { dayCount } from '../core/rules';
import type { Millis } from '../core/time';
import { TooSlow } from '../runtime/within';
import type { Granted } from '../store/store';
import type { Arrival } from './connection';
import type { GatewayAdapter } from './gateways/gateway';
import { type Portal, StoreFailed, storing } from './portal';
import type { Place } from './unconfirmed';
import { usedToday } from './used-today';
import type { ShownVisit } from './visit-seal';

/** A visitor who accepts the terms. */
interface Acceptance {
  readonly shown: ShownVisit;
  readonly adapter: GatewayAdapter;
  readonly site: Site;
  /** Where the form came from; to be counted by. */
  readonly source: string;
}

export type GrantResult =
  | {
      readonly granted: Granted;
      /** False: the store knows nothing of it. */
      readonly isStored: boolean;
      readonly proof?: Arrival['proof'];
      readonly place?: Place | undefined;
    }
  /** Too many grants wait for a word that their devices are there. */
  | { readonly crowded: true }
  | Extract<GrantDecision, { accept: false }>;

/**
 * Grants access by the rules of the site, or says why not.
 * @throws StoreFailed, by rejecting, unless the site is open for everybody then: who comes is let in for ten minutes, of
 *   which nothing is kept
 */
export async function grantFor(portal: Portal, acceptance: Acceptance, now: Millis): Promise<GrantResult> {
  try {
    return await storedGrant(portal, acceptance, now);
  } catch (error) {
    if (!(error instanceof StoreFailed) || acceptance.site.rules.whenStoreFails !== 'open') throw error;
    portal.log.error('portal-store-failed', { site: acceptance.site.id, err: error.cause });
    portal.metrics.grant(acceptance.site.id, acceptance.shown.language);
    return {
      granted: unstoredGrant(portal, acceptance, { now, expiresAt: unseenGrantEnd(acceptance.site.rules, now) }),
      isStored: false,
    };
  }
}

async function storedGrant(portal: Portal, acceptance: Acceptance, now: Millis): Promise<GrantResult> {
  const { shown, adapter, site } = acceptance;
  const { device } = shown.visit;
  const counts = dayCount(site.rules);
  const asksBefore = site.rules.maxOctets !== undefined || !adapter.vouches;
  const applicant: Applicant = {
    before: asksBefore ? await storing(portal.store.findGrant(site.id, device, now)) : undefined,
    usedToday: await usedToday(portal, site, device, now),
  };
  // Asked for any device: else a refusal for want of room would tell who holds a grant, or has used the day up.
  const place = adapter.vouches ? undefined : await placeFor(portal, acceptance);
  if (!adapter.vouches && place === undefined) return { crowded: true };
  const decided = decideGrant(applicant, site.rules, now, portal.town.config.town.timeZone);
  if (!decided.accept) return refusal(portal, acceptance, decided, now);
  const granted = await storing(
    portal.store.putGrant({
      site: site.id,
      gateway: adapter.id,
      device,
      termsVersion: shown.termsVersion,
      language: shown.language,
      now,
      expiresAt: decided.expiresAt,
      withCredential: adapter.needsCredential,
      shownAt: shown.shownAt,
      ...(counts !== undefined && { dayCount: counts }),
    }),
  ).catch((error: unknown) => {
    // One that came too late may be kept all the same.
    if (!(error instanceof StoreFailed && error.cause instanceof TooSlow)) place?.giveBack();
    throw error;
  });
  portal.metrics.grant(site.id, shown.language);
  if (place !== undefined && adapter.confirms !== true) watch(portal, place, granted, applicant);
  return { granted, isStored: true, proof: proofOf(adapter, granted, applicant), place };
}

/**
 * Where anybody can name a device, a refusal here would tell them that it used its day up. So they are sent on to the
 * gateway as everybody is, with a credential that RADIUS does not know; only where nothing asks RADIUS we have to say no.
 */
function refusal(
  portal: Portal,
  acceptance: Acceptance,
  refused: Extract<GrantDecision, { accept: false }>,
  now: Millis,
): GrantResult {
  const { adapter, site } = acceptance;
  if (adapter.vouches || !adapter.needsCredential) return refused;
  const granted = unstoredGrant(portal, acceptance, { now, expiresAt: grantEnd(site.rules, now) });
  return { granted, isStored: false, proof: 'none' };
}

function placeFor({ unconfirmed, town }: Portal, { adapter, source }: Acceptance): Promise<Place | undefined> {
  return unconfirmed.take(adapter.id, source, town.config.portal.limits.unconfirmedPerHour);
}

/**
 * The credential that the gateway redeems for this device is its word, or octets that it reports for the grant; but not
 * for one that was there before, whose visitor is online whoever accepts.
 */
function watch(
  { unconfirmed, store, clock }: Portal,
  place: Place,
  { grant, credential }: Granted,
  { before }: Applicant,
): void {
  if (credential === undefined && before !== undefined) return;
  const isConfirmed = async (): Promise<boolean> =>
    credential === undefined
      ? ((await store.getGrant(grant.id, clock.now()))?.usedOctets ?? 0) > grant.usedOctets
      : store.isRedeemed(credential.username, clock.now());
  unconfirmed.watch(place, isConfirmed);
}

/** What has to prove, where the redirect does not, that whoever accepted has the device. */
function proofOf({ vouches }: GatewayAdapter, { credential }: Granted, { before }: Applicant): Arrival['proof'] {
  if (vouches) return undefined;
  if (credential !== undefined) return { username: credential.username };
  // Nothing will; so what was there before stays with whoever had it.
  return before === undefined ? undefined : 'none';
}

/**
 * A grant that the store does not know. RADIUS lets its credential pass while the store does not answer, and not
 * otherwise: the password is derived, not stored.
 */
function unstoredGrant(
  { random, store }: Portal,
  { shown, adapter, site }: Acceptance,
  { now, expiresAt }: { readonly now: Millis; readonly expiresAt: Millis },
): Granted {
  const grant = {
    ...{ id: random.word(), site: site.id, gateway: adapter.id, termsVersion: shown.termsVersion },
    ...{ acceptedAt: now, expiresAt, usedOctets: 0 },
  };
  if (!adapter.needsCredential) return { grant };
  const username = random.word();
  const password = store.credentialPassword(username);
  return { grant, credential: { username, password, expiresAt: now + CREDENTIAL_LIFETIME_MS } };
}
