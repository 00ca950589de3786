import type { GatewayId, GrantId, SiteId } from './ids';
import type { Octets } from './octets';
import type { Millis } from './time';

/** "This device may be online at this site until then." The device itself is known to the store's key table only. */
export interface Grant {
  readonly id: GrantId;
  readonly site: SiteId;
  /** The gateway through which the visitor came: the one that can end the session again. */
  readonly gateway: GatewayId;
  readonly termsVersion: string;
  readonly acceptedAt: Millis;
  readonly expiresAt: Millis;
  /** Octets both ways, as accounting has reported them so far. */
  readonly usedOctets: Octets;
}

export function isLive(grant: Grant, now: Millis): boolean {
  return now < grant.expiresAt;
}

/** A single-use user name and password that carry a grant through a gateway to our RADIUS server. */
export interface Credential {
  readonly username: string;
  readonly password: string;
  readonly expiresAt: Millis;
}

/** The time a browser has to get from the portal through the gateway; the visitor waits, so it is short. */
export const CREDENTIAL_LIFETIME_MS = 120_000;
