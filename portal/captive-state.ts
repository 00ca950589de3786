import { createHmac, timingSafeEqual } from 'node:crypto';
import { isWithin } from '../config/networks';
import type { Gateway, Site } from '../config/schema';
import { type Decision, decide } from '../core/decide';
import type { Grant } from '../core/grant';
import { DeviceAddress } from '../core/mac';
import type { Millis } from '../core/time';

/** A gateway whose devices may ask us how they stand. */
export type AskingGateway = Extract<Gateway, { captiveApi?: unknown }>;

/** A device that asks, or of which somebody asks. */
export interface Asking {
  readonly device: DeviceAddress;
  /** Whether the question was made for this device and no other. */
  readonly isSigned: boolean;
}

/**
 * The device that a request names; undefined if its word does not count. Anybody can write an address into a query, and
 * whether somebody is online is nobody's business: so it has to be signed, or come from where the operator says that it
 * may be asked unsigned. A gateway's own address is not enough: behind its address translation that is every visitor.
 * @param query  `mac`, and `sig`: hexadecimal HMAC-SHA-256 over the twelve lower-case digits of the address
 */
export function askingDevice(query: URLSearchParams, source: string, gateway: AskingGateway): Asking | undefined {
  const device = DeviceAddress.parse(query.get('mac') ?? '');
  if (device === undefined || gateway.captiveApi === undefined) return undefined;
  const { clients, secret } = gateway.captiveApi;
  if (secret !== undefined && hasSignature(device, query.get('sig'), secret.reveal()))
    return { device, isSigned: true };
  return isWithin(source, clients) ? { device, isSigned: false } : undefined;
}

function hasSignature(device: DeviceAddress, given: string | null, secret: string): boolean {
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

interface Circumstances extends Pick<Asking, 'isSigned'> {
  readonly gateway: string;
  readonly portalUrl: string;
  readonly now: Millis;
}

/**
 * How a device stands that holds this grant, or none. What remains is left out while captive, where there is no limit
 * [RFC 8908 5], and where the question may come from another device: from it one could reckon since when this one is here.
 * A session cannot be made longer before its end, so none is said to be.
 */
export function captiveState(
  grant: Grant | undefined,
  { id, rules, statusPage }: Site,
  { gateway, portalUrl, now, isSigned }: Circumstances,
): CaptiveState {
  const decision: Decision | undefined = grant && decide(grant, rules, now);
  const limits = decision?.accept ? decision.acceptance : undefined;
  return {
    captive: limits === undefined,
    'user-portal-url': `${portalUrl}/captive/${gateway}/portal`,
    'venue-info-url': statusPage === 'public' ? `${portalUrl}/status/${id}` : `${portalUrl}/`,
    'can-extend-session': false,
    ...(isSigned && limits !== undefined && { 'seconds-remaining': limits.sessionTimeoutSeconds }),
    ...(isSigned && limits?.remainingOctets !== undefined && { 'bytes-remaining': limits.remainingOctets }),
  };
}
