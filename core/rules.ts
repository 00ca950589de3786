import type { Octets } from './octets';

/** What a site allows a visitor who accepted the terms. Undefined means: no limit. */
export interface SiteRules {
  /** How long one acceptance lasts. At most a day: an address must not be an entitlement for longer. */
  readonly sessionSeconds: number;
  /** The gateway ends a session after this long without traffic. */
  readonly idleSeconds: number;
  /** Octets both ways per device, site and day key. */
  readonly maxOctets?: Octets;
  readonly downBitsPerSecond?: number;
  readonly upBitsPerSecond?: number;
}

/** How often gateways report on a running session (Acct-Interim-Interval; hostapd ignores less than 60). */
export const INTERIM_SECONDS = 300;
