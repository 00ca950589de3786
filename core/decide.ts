import { blockingsInForce } from './blocking';
import type { Exam } from './exam';
import type { Grant } from './grant';
import type { Octets } from './octets';
import { nextDay } from './pseudonym';
import type { RejectReason } from './reasons';
import { type DayUse, type SiteRules, UNSEEN_SECONDS } from './rules';
import { siteAccess } from './site-access';
import { isStillAccepted } from './terms';
import { type Millis, SECOND } from './time';

/** What the gateway is told about a device that may go online. */
export interface Acceptance {
  readonly sessionTimeoutSeconds: number;
  readonly idleTimeoutSeconds: number;
  readonly remainingOctets?: Octets;
  readonly downBitsPerSecond?: number | undefined;
  readonly upBitsPerSecond?: number | undefined;
  /** Filters at the gateway that hold what is blocked here. */
  readonly filters?: readonly string[] | undefined;
}

export type Decision =
  | { readonly accept: true; readonly acceptance: Acceptance }
  | { readonly accept: false; readonly reason: RejectReason };

/**
 * May the device that holds this grant be online now, and within which limits?
 * The time left is rounded down to whole seconds: a gateway must never let a visitor stay longer than the grant, nor
 * beyond the closing of the site.
 * @param exam  the exam that the site has set, if any
 */
export function decide(grant: Grant, rules: SiteRules, now: Millis, exam?: Exam): Decision {
  const site = siteAccess(rules, now, exam);
  if (!site.isOpen) return { accept: false, reason: site.reason };
  if (!isStillAccepted(rules.terms ?? [], grant.termsVersion, now)) return { accept: false, reason: 'terms-changed' };
  const sessionTimeoutSeconds = Math.floor((Math.min(grant.expiresAt, site.until) - now) / SECOND);
  if (sessionTimeoutSeconds < 1) return { accept: false, reason: 'grant-expired' };
  const limits = limitsOf(rules, now, sessionTimeoutSeconds);
  if (rules.maxOctets === undefined) return { accept: true, acceptance: limits };
  const remainingOctets = rules.maxOctets - grant.usedOctets;
  if (remainingOctets <= 0) return { accept: false, reason: 'octets-used-up' };
  return { accept: true, acceptance: { remainingOctets, ...limits } };
}

/**
 * The same while the store does not answer: the site's rule says whether remembered grants count, or everybody may.
 * @param remembered  the grant that the device held when the store last spoke of it
 * @param exam  the exam that was known when the store last spoke
 */
export function decideWithoutStore(
  remembered: Grant | undefined,
  rules: SiteRules,
  now: Millis,
  exam?: Exam,
): Decision {
  if (rules.whenStoreFails === 'closed') return { accept: false, reason: 'store-down' };
  if (remembered !== undefined) return decide(remembered, rules, now, exam);
  if (rules.whenStoreFails === 'grace') return { accept: false, reason: 'store-down' };
  const site = siteAccess(rules, now, exam);
  if (!site.isOpen) return { accept: false, reason: site.reason };
  return { accept: true, acceptance: limitsOf(rules, now, Math.max(1, unseenSeconds(rules, site.until - now))) };
}

/** How long somebody may be online whom the store could not be asked about. */
function unseenSeconds({ sessionSeconds }: SiteRules, untilClosing: Millis): number {
  return Math.min(UNSEEN_SECONDS, sessionSeconds, Math.floor(untilClosing / SECOND));
}

/** The end of a grant that cannot be stored: as short as for anybody of whom nothing is known. */
export function unseenGrantEnd(rules: SiteRules, now: Millis): Millis {
  const site = siteAccess(rules, now);
  return site.isOpen ? now + unseenSeconds(rules, site.until - now) * SECOND : now;
}

/** What the portal knows of a device whose visitor accepts the terms. */
export interface Applicant {
  /** Its live grant. */
  readonly before?: Grant | undefined;
  /** What it used today; asked for only where the site counts by day. */
  readonly usedToday?: DayUse | undefined;
}

export type GrantDecision =
  | { readonly accept: true; readonly expiresAt: Millis }
  | {
      readonly accept: false;
      readonly reason: 'octets-used-up' | 'time-used-up';
      /** From when on the visitor may accept again. */
      readonly until: Millis;
    };

/** May a grant be made, or renewed, at a site that is open? Accepting once more must not make used volume fresh again. */
export function decideGrant(
  { before, usedToday }: Applicant,
  rules: SiteRules,
  now: Millis,
  timeZone: string,
): GrantDecision {
  const { maxOctets, octetsPer, daySeconds } = rules;
  if (daySeconds !== undefined && (usedToday?.seconds ?? 0) >= daySeconds) {
    return { accept: false, reason: 'time-used-up', until: nextDay(now, timeZone) };
  }
  if (maxOctets !== undefined && octetsPer === 'day' && (usedToday?.octets ?? 0) >= maxOctets) {
    return { accept: false, reason: 'octets-used-up', until: nextDay(now, timeZone) };
  }
  if (maxOctets !== undefined && octetsPer !== 'day' && before !== undefined && before.usedOctets >= maxOctets) {
    return { accept: false, reason: 'octets-used-up', until: before.expiresAt };
  }
  return { accept: true, expiresAt: grantEnd(rules, now, usedToday?.seconds) };
}

/** How long a grant made now lasts: as long as the rules say, but not beyond the closing of the site. */
export function grantEnd(rules: SiteRules, now: Millis, usedSeconds = 0): Millis {
  const site = siteAccess(rules, now);
  if (!site.isOpen) return now;
  const leftToday = (rules.daySeconds ?? Number.POSITIVE_INFINITY) - usedSeconds;
  return Math.min(now + Math.min(rules.sessionSeconds, leftToday) * SECOND, site.until);
}

function limitsOf(rules: SiteRules, now: Millis, sessionTimeoutSeconds: number): Acceptance {
  const { idleSeconds, downBitsPerSecond, upBitsPerSecond, blockings = [] } = rules;
  const filters = blockings.length === 0 ? [] : blockingsInForce(blockings, now).flatMap(({ filter }) => filter ?? []);
  return {
    sessionTimeoutSeconds,
    idleTimeoutSeconds: idleSeconds,
    downBitsPerSecond,
    upBitsPerSecond,
    filters: filters.length === 0 ? undefined : filters,
  };
}
