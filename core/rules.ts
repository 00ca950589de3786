import type { Blocking } from './blocking';
import type { Octets } from './octets';
import type { OpeningHours } from './opening-hours';
import type { Terms } from './terms';

/** Who may go online while the store does not answer: whom we remember to hold a grant, everybody, nobody. */
export const WHEN_STORE_FAILS = ['grace', 'open', 'closed'] as const;
export type WhenStoreFails = (typeof WHEN_STORE_FAILS)[number];

/** What a site allows a visitor who accepted the terms. Undefined means: no limit. */
export interface SiteRules {
  /** How long one acceptance lasts. At most a day: an address must not be an entitlement for longer. */
  readonly sessionSeconds: number;
  /** The gateway ends a session after this long without traffic. */
  readonly idleSeconds: number;
  /** Octets both ways; accepting again before the end of an acceptance does not begin anew. */
  readonly maxOctets?: Octets;
  /** For what they count: for one acceptance (if not given), or for all that a device uses until four in the morning. */
  readonly octetsPer?: 'acceptance' | 'day';
  /** How long a device may be online in a day, counted from each acceptance to its end. */
  readonly daySeconds?: number;
  readonly downBitsPerSecond?: number;
  readonly upBitsPerSecond?: number;
  /** When devices may be online at all. */
  readonly openingHours?: OpeningHours;
  /** The versions of the terms: a new binding one ends what was accepted before. None: no acceptance ends by that. */
  readonly terms?: readonly Terms[];
  readonly blockings?: readonly Blocking[];
  readonly whenStoreFails: WhenStoreFails;
}

/** How long a device is let online unseen (`open`): soon enough it is asked for again, when the store may answer. */
export const UNSEEN_SECONDS = 600;

/** How often gateways report on a running session (Acct-Interim-Interval; hostapd ignores less than 60). */
export const INTERIM_SECONDS = 300;

/** What a device used at a site today, all its acceptances together. */
export interface DayUse {
  readonly octets: Octets;
  readonly seconds: number;
}

/**
 * What the store has to keep of a device's use until the day is over, also after its grant has ended: only how long, or
 * also how much; undefined: nothing.
 */
export function dayCount({ octetsPer, daySeconds }: SiteRules): 'time' | 'volume' | undefined {
  if (octetsPer === 'day') return 'volume';
  return daySeconds === undefined ? undefined : 'time';
}
