import type { Grant } from './grant';
import type { Octets } from './octets';
import type { RejectReason } from './reasons';
import type { SiteRules } from './rules';
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
 * The time left is rounded down to whole seconds: a gateway must never let a visitor stay longer than the grant.
 */
export function decide(grant: Grant, rules: SiteRules, now: Millis): Decision {
  const sessionTimeoutSeconds = Math.floor((grant.expiresAt - now) / SECOND);
  if (sessionTimeoutSeconds < 1) return { accept: false, reason: 'grant-expired' };
  const limits = {
    sessionTimeoutSeconds,
    idleTimeoutSeconds: rules.idleSeconds,
    ...(rules.downBitsPerSecond !== undefined && { downBitsPerSecond: rules.downBitsPerSecond }),
    ...(rules.upBitsPerSecond !== undefined && { upBitsPerSecond: rules.upBitsPerSecond }),
  };
  if (rules.maxOctets === undefined) return { accept: true, acceptance: limits };
  const remainingOctets = rules.maxOctets - grant.usedOctets;
  if (remainingOctets <= 0) return { accept: false, reason: 'octets-used-up' };
  return { accept: true, acceptance: { ...limits, remainingOctets } };
}
