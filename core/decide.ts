import type { Grant } from './grant';
import type { Octets } from './octets';
import { openingAt } from './opening-hours';
import type { RejectReason } from './reasons';
import { type SiteRules, UNSEEN_SECONDS } from './rules';
import { type Millis, SECOND } from './time';

/** What the gateway is told about a device that may go online. */
export interface Acceptance {
  readonly sessionTimeoutSeconds: number;
  readonly idleTimeoutSeconds: number;
  readonly remainingOctets?: Octets;
  readonly downBitsPerSecond?: number;
  readonly upBitsPerSecond?: number;
}

export type Decision =
  | { readonly accept: true; readonly acceptance: Acceptance }
  | { readonly accept: false; readonly reason: RejectReason };

/**
 * May the device that holds this grant be online now, and within which limits?
 * The time left is rounded down to whole seconds: a gateway must never let a visitor stay longer than the grant, nor
 * beyond the closing of the site.
 */
export function decide(grant: Grant, rules: SiteRules, now: Millis): Decision {
  const closesAt = closingOf(rules, now);
  if (closesAt === 'closed') return { accept: false, reason: 'site-closed' };
  const sessionTimeoutSeconds = Math.floor((Math.min(grant.expiresAt, closesAt) - now) / SECOND);
  if (sessionTimeoutSeconds < 1) return { accept: false, reason: 'grant-expired' };
  const limits = limitsOf(rules, sessionTimeoutSeconds);
  if (rules.maxOctets === undefined) return { accept: true, acceptance: limits };
  const remainingOctets = rules.maxOctets - grant.usedOctets;
  if (remainingOctets <= 0) return { accept: false, reason: 'octets-used-up' };
  return { accept: true, acceptance: { ...limits, remainingOctets } };
}

/**
 * The same while the store does not answer: the site's rule says whether remembered grants count, or everybody may.
 * @param remembered  the grant that the device held when the store last spoke of it
 */
export function decideWithoutStore(remembered: Grant | undefined, rules: SiteRules, now: Millis): Decision {
  if (rules.whenStoreFails === 'closed') return { accept: false, reason: 'store-down' };
  if (remembered !== undefined) return decide(remembered, rules, now);
  if (rules.whenStoreFails === 'grace') return { accept: false, reason: 'store-down' };
  const closesAt = closingOf(rules, now);
  if (closesAt === 'closed') return { accept: false, reason: 'site-closed' };
  const untilClosing = Math.max(1, Math.floor((closesAt - now) / SECOND));
  return { accept: true, acceptance: limitsOf(rules, Math.min(UNSEEN_SECONDS, rules.sessionSeconds, untilClosing)) };
}

/** When the site closes next, at the latest never. */
function closingOf({ openingHours }: SiteRules, now: Millis): Millis | 'closed' {
  const opening = openingHours && openingAt(openingHours, now);
  return opening?.isOpen === false ? 'closed' : (opening?.changesAt ?? Number.POSITIVE_INFINITY);
}

/** How long a grant made now lasts: as long as the rules say, but not beyond the closing of the site. */
export function grantEnd(rules: SiteRules, now: Millis): Millis {
  const closesAt = closingOf(rules, now);
  const end = now + rules.sessionSeconds * SECOND;
  return closesAt === 'closed' ? now : Math.min(end, closesAt);
}

function limitsOf(rules: SiteRules, sessionTimeoutSeconds: number): Acceptance {
  return {
    sessionTimeoutSeconds,
    idleTimeoutSeconds: rules.idleSeconds,
    ...(rules.downBitsPerSecond !== undefined && { downBitsPerSecond: rules.downBitsPerSecond }),
    ...(rules.upBitsPerSecond !== undefined && { upBitsPerSecond: rules.upBitsPerSecond }),
  };
}
