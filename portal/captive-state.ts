import { createHmac, timingSafeEqual } from 'node:crypto';
import { isWithin } from '../config/networks';
import type { Gateway, Site } from '../config/schema';
import { type Decision, decide } from '../core/decide';
import type { Grant } from '../core/grant';
import { DeviceAddress } from '../core/mac';
import type { Millis } from '../core/time';

/** A gateway whose devices may ask us how they stand. */
export type AskingGateway = Extract<Gateway, { captiveApi?: unknown }>;

/**
 * The device that a request names; undefined if its word does not count. Anybody can write an address into a query, and
 * whether somebody is online is nobody's business: so it has to be signed, or come from where the gateway's devices are.
 * @param query  `mac`, and `sig`: hexadecimal HMAC-SHA-256 over the twelve lower-case digits of the address
 */
export function deviceIn(query: URLSearchParams, source: string, gateway: AskingGateway): DeviceAddress | undefined {
  const device = DeviceAddress.parse(query.get('mac') ?? '');
  if (device === undefined || gateway.captiveApi === undefined) return undefined;
  const { clients, secret } = gateway.captiveApi;
  if (isWithin(source, [...clients, ...gateway.radius.clients])) return device;
  return secret !== undefined && isSigned(device, query.get('sig'), secret.reveal()) ? device : undefined;
}

function isSigned(device: DeviceAddress, given: string | null, secret: string): boolean {
  if (given === null || !/^[0-9a-f]{64}$/i.test(given)) return false;
  const digits = Buffer.from(device.reveal()).toString('hex');
  return timingSafeEqual(Buffer.from(given, 'hex'), createHmac('sha256', secret).update(digits).digest());
}

/** What RFC 8908 lets us say, under its names. */
export interface CaptiveState {
  readonly captive: boolean;
  readonly 'user-portal-url': string;
  readonly 'venue-info-url': string;
  readonly 'can-extend-session': boolean;
  readonly 'seconds-remaining'?: number;
  readonly 'bytes-remaining'?: number;
}

/**
 * How a device stands that holds this grant, or none. What remains is left out while captive and where there is no limit
 * [RFC 8908 5]. A session cannot be made longer before its end, so none is said to be.
 */
export function captiveState(
  grant: Grant | undefined,
  { id, rules, statusPage }: Site,
  { gateway, portalUrl, now }: { readonly gateway: string; readonly portalUrl: string; readonly now: Millis },
): CaptiveState {
  const decision: Decision | undefined = grant && decide(grant, rules, now);
  const limits = decision?.accept ? decision.acceptance : undefined;
  return {
    captive: limits === undefined,
    'user-portal-url': `${portalUrl}/captive/${gateway}/portal`,
    'venue-info-url': statusPage === 'public' ? `${portalUrl}/status/${id}` : `${portalUrl}/`,
    'can-extend-session': false,
    ...(limits !== undefined && { 'seconds-remaining': limits.sessionTimeoutSeconds }),
    ...(limits?.remainingOctets !== undefined && { 'bytes-remaining': limits.remainingOctets }),
  };
}
