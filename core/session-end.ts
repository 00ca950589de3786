import type { GatewayId, GrantId, SiteId } from './ids';
import type { OrderResult } from './reasons';
import type { Millis } from './time';
import { SECOND } from './time';

/** Whose sessions are to end. */
export type EndScope =
  | { readonly grant: GrantId }
  | { readonly gateway: GatewayId }
  /** `acceptedBefore`: only of visitors who accepted the terms before; of a session without a grant, its start counts. */
  | { readonly site: SiteId; readonly acceptedBefore?: Millis };

/** Which sessions are to get new limits. */
export type LimitsScope = { readonly gateway: GatewayId } | { readonly site: SiteId };

/** A session as its gateway calls it. */
export interface SessionName {
  readonly gateway: GatewayId;
  readonly sessionId: string;
}

/** "This session has to end", or gets new limits. Settled when that is so, or when its gateway will not do it. */
export interface EndOrder extends SessionName {
  /** The session goes on, within the limits that hold when the gateway is told. */
  readonly kind?: 'limits';
  readonly site: SiteId;
  /** The user name of the session, if it is a word of ours; CoovaChilli ends no session without it. */
  readonly username?: string;
  readonly orderedAt: Millis;
  /** When the gateway is to be told, or told again. */
  readonly dueAt: Millis;
  /** How often the order was taken. */
  readonly tries: number;
  readonly settled?: { readonly at: Millis; readonly result: OrderResult };
}

/**
 * hostapd keeps the answer to an Access-Request for 30 seconds and lets a device that was thrown out back in without
 * asking. From then on it asks, and is told no: so a session that comes back is ended once more, but not before.
 */
export const KEEP_OUT_AFTER_MS = 31 * SECOND;

/** Whether the session is over at the gateway after this answer. */
export function isOver(result: OrderResult): boolean {
  return result === 'done' || result === 'session-unknown';
}
