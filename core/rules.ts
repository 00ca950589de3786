import type { Octets } from './octets';
import type { OpeningHours } from './opening-hours';

/** Who may go online while the store does not answer: whom we remember to hold a grant, everybody, nobody. */
export const WHEN_STORE_FAILS = ['grace', 'open', 'closed'] as const;
export type WhenStoreFails = (typeof WHEN_STORE_FAILS)[number];

/** What a site allows a visitor who accepted the terms. Undefined means: no limit. */
export interface SiteRules {
  /** How long one acceptance lasts. At most a day: an address must not be an entitlement for longer. */
  readonly sessionSeconds: number;
  /** The gateway ends a session after this long without traffic. */
  readonly idleSeconds: number;
  /** Octets both ways for one acceptance; accepting again before its end does not begin anew. */
  readonly maxOctets?: Octets;
  readonly downBitsPerSecond?: number;
  readonly upBitsPerSecond?: number;
  /** When devices may be online at all. */
  readonly openingHours?: OpeningHours;
  readonly whenStoreFails: WhenStoreFails;
}

/** How long a device is let online unseen (`open`): soon enough it is asked for again, when the store may answer. */
export const UNSEEN_SECONDS = 600;

/** How often gateways report on a running session (Acct-Interim-Interval; hostapd ignores less than 60). */
export const INTERIM_SECONDS = 300;
