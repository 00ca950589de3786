import { createHmac, timingSafeEqual } from 'node:crypto';
import { isWithin } from '../config/networks';
import type { Gateway, Site } from '../config/schema';
import { type Decision, decide } from '../core/decide';
import type { Grant } from '../core/grant';
import { DeviceAddress } from '../core/mac';
import { DAY, type Millis, SECOND } from '../core/time';

/** A gateway whose devices may ask us how they stand. */
export type AskingGateway = Extract<Gateway, { captiveApi?: unknown }>;

/** A device that asks, or of which somebody asks. */
export interface Asking {
  readonly device: DeviceAddress;
  /** Whether the question was made for this device and no other. */
  readonly isSigned: boolean;
}

/** How far ahead a signature may reach: a week's lease and a day. Older addresses tell who heard them nothing. */
const LONGEST_SIGNATURE = 8 * DAY;

interface Question {
  /** Where it comes from. */
  readonly source: string;
  readonly gateway: AskingGateway;
  readonly now: Millis;
}

/**
 * The device that a request names; undefined if its word does not count. Anybody can write an address into a query, and
 * whether somebody is online is nobody's business: so it has to be signed, or come from where the operator says that it
 * may be asked unsigned. A gateway's own address is not enough: behind its address translation that is every visitor.
 * @param query  `mac`; `until`, when the signature ends, in seconds of Unix time; and `sig`: hexadecimal HMAC-SHA-256 over
 *   the twelve lower-case digits of the address, a dot and `until` as it is written
 */
export function askingDevice(query: URLSearchParams, { source, gateway, now }: Question): Asking | undefined {
  const device = DeviceAddress.parse(query.get('mac') ?? '');
  if (device === undefined || gateway.captiveApi === undefined) return undefined;
  const { clients, secret } = gateway.captiveApi;
  if (secret !== undefined && hasSignature(device, query, now, secret.reveal())) return { device, isSigned: true };
  return isWithin(source, clients) ? { device, isSigned: false } : undefined;
}

function hasSignature(device: DeviceAddress, query: URLSearchParams, now: Millis, secret: string): boolean {
  const [given = '', until = ''] = [query.get('sig') ?? '', query.get('until') ?? ''];
  if (!/^[0-9a-f]{64}$/i.test(given) || !/^\d{1,12}$/.test(until)) return false;
  const left = Number(until) * SECOND - now;
  if (left <= 0 || left > LONGEST_SIGNATURE) return false;
  const signed = `${Buffer.from(device.reveal()).toString('hex')}.${until}`;
  return timingSafeEqual(Buffer.from(given, 'hex'), createHmac('sha256', secret).update(signed).digest());
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
