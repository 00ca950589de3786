import type { Site } from '../config/schema';
import { type Applicant, decideGrant, type GrantDecision, unseenGrantEnd } from '../core/decide';
import { CREDENTIAL_LIFETIME_MS } from '../core/grant';
import { dayCount } from '../core/rules';
import type { Millis } from '../core/time';
import type { Granted } from '../store/store';
import type { Arrival } from './connection';
import type { GatewayAdapter } from './gateways/gateway';
import { type Portal, StoreFailed, storing } from './portal';
import { usedToday } from './used-today';
import type { ShownVisit } from './visit-seal';

/** A visitor who accepts the terms. */
interface Acceptance {
  readonly shown: ShownVisit;
  readonly adapter: GatewayAdapter;
  readonly site: Site;
}

export type GrantResult =
  | { readonly granted: Granted; readonly proof?: Arrival['proof'] }
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
    return { granted: unseenGrant(portal, acceptance, now) };
  }
}

async function storedGrant(portal: Portal, { shown, adapter, site }: Acceptance, now: Millis): Promise<GrantResult> {
  const { device } = shown.visit;
  const counts = dayCount(site.rules);
  const asksBefore = site.rules.maxOctets !== undefined || !adapter.vouches;
  const applicant: Applicant = {
    before: asksBefore ? await storing(portal.store.findGrant(site.id, device, now)) : undefined,
    usedToday: await usedToday(portal, site, device, now),
  };
  const decided = decideGrant(applicant, site.rules, now, portal.town.config.town.timeZone);
  if (!decided.accept) return decided;
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
  );
  return { granted, proof: proofOf(adapter, granted, applicant) };
}

/** What has to prove, where the redirect does not, that whoever accepted has the device. */
function proofOf({ vouches }: GatewayAdapter, { credential }: Granted, { before }: Applicant): Arrival['proof'] {
  if (vouches) return undefined;
  if (credential !== undefined) return { username: credential.username };
  // Nothing will; so what was there before stays with whoever had it.
  return before === undefined ? undefined : 'none';
}

/** RADIUS lets the credential pass while the store does not answer: its password is derived, not stored. */
function unseenGrant({ random, store }: Portal, { shown, adapter, site }: Acceptance, now: Millis): Granted {
  const grant = {
    ...{ id: random.word(), site: site.id, gateway: adapter.id, termsVersion: shown.termsVersion },
    ...{ acceptedAt: now, expiresAt: unseenGrantEnd(site.rules, now), usedOctets: 0 },
  };
  if (!adapter.needsCredential) return { grant };
  const username = random.word();
  const password = store.credentialPassword(username);
  return { grant, credential: { username, password, expiresAt: now + CREDENTIAL_LIFETIME_MS } };
}
