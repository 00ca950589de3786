import { timingSafeEqual } from 'node:crypto';
import type { RadiusGateway } from '../../config/schema';
import type { Acceptance } from '../../core/decide';
import type { OrderResult } from '../../core/reasons';
import type { EndOrder } from '../../core/session-end';
import { type Millis, SECOND } from '../../core/time';
import { hmacMd5, md5 } from '../../runtime/md5';
import { writeTimes, writeVolumes } from './access';
import { type Attribute, integerAttribute, octetsAttribute, textAttribute } from './attributes';
import { AUTHENTICATOR_AT, CODE, encodePacket, HEADER_OCTETS, type Packet } from './packet';
import { isSignedFor } from './seal';

/**
 * Requests that we send to gateways (RFC 5176): which attributes each kind of gateway wants, the seal, and what the
 * answer means. A request that all kinds accept does not exist.
 */

interface Wants {
  /** Ends no session without its User-Name, and then all of that name unless the session is named, too. */
  readonly username: boolean;
  /** Message-Authenticator and Event-Timestamp: hostapd may demand them, uspot refuses every request that has one. */
  readonly stamp: boolean;
  /** What it changes while a session runs: nothing (hostapd), times only (uspot refuses every other attribute), all. */
  readonly limits: 'none' | 'times' | 'all';
}

const WANTS: Readonly<Record<RadiusGateway['kind'], Wants>> = {
  uspot: { username: false, stamp: false, limits: 'times' },
  coovachilli: { username: true, stamp: false, limits: 'all' },
  hostapd: { username: false, stamp: true, limits: 'none' },
  mikrotik: { username: true, stamp: false, limits: 'all' },
};

/** A request without identifier and seal. */
export interface Draft {
  readonly code: typeof CODE.disconnectRequest | typeof CODE.coaRequest;
  readonly attributes: readonly Attribute[];
  /** Whether it carries a Message-Authenticator. */
  readonly sign: boolean;
}

/** "End this session", as the gateway's kind understands it; or why it cannot be said. */
export function writeDisconnect(
  kind: RadiusGateway['kind'],
  order: EndOrder,
  now: Millis,
): Draft | 'user-name-unknown' {
  const named = nameSession(WANTS[kind], order, now);
  if (named === undefined) return 'user-name-unknown';
  return { code: CODE.disconnectRequest, attributes: named, sign: WANTS[kind].stamp };
}

/**
 * "From now on these limits": all of them, because CoovaChilli takes away what a request leaves out.
 * @param limits  counted from the beginning of the session
 */
export function writeLimits(
  kind: RadiusGateway['kind'],
  order: EndOrder,
  limits: Acceptance,
  now: Millis,
): Draft | 'user-name-unknown' | 'unsupported' {
  const wants = WANTS[kind];
  if (wants.limits === 'none') return 'unsupported';
  const named = nameSession(wants, order, now);
  if (named === undefined) return 'user-name-unknown';
  const vendor = kind === 'mikrotik' ? 'Mikrotik' : 'ChilliSpot';
  const volumes = wants.limits === 'all' ? writeVolumes(limits, vendor) : [];
  return { code: CODE.coaRequest, attributes: [...named, ...writeTimes(limits), ...volumes], sign: wants.stamp };
}

/** What tells the gateway which session is meant; undefined if it wants a user name that we do not know. */
function nameSession({ username, stamp }: Wants, order: EndOrder, now: Millis): Attribute[] | undefined {
  if (username && order.username === undefined) return undefined;
  return [
    ...(username && order.username !== undefined ? [textAttribute('User-Name', order.username)] : []),
    textAttribute('Acct-Session-Id', order.sessionId),
    ...(stamp ? [integerAttribute('Event-Timestamp', Math.floor(now / SECOND))] : []),
  ];
}

const ZEROES = Buffer.alloc(16);

/**
 * The octets of a request: first the signature over zeroes in the authenticator's place, then the authenticator over
 * everything [RFC 5176 2.3, 3.4].
 */
export function sealRequest({ code, attributes, sign }: Draft, identifier: number, secret: Buffer): Buffer {
  const all = sign ? [octetsAttribute('Message-Authenticator', ZEROES), ...attributes] : attributes;
  const request = encodePacket(code, identifier, ZEROES, all);
  if (sign) request.set(hmacMd5(secret, request), HEADER_OCTETS + 2);
  request.set(md5(request, secret), AUTHENTICATOR_AT);
  return request;
}

/** Is this packet proven to be the answer to the request? A signature is not demanded, but must be right. */
export function isReplyTo(reply: Packet, request: Buffer, secret: Buffer): boolean {
  const asked = request.subarray(AUTHENTICATOR_AT, HEADER_OCTETS);
  const { octets } = reply;
  const expected = md5(octets.subarray(0, AUTHENTICATOR_AT), asked, octets.subarray(HEADER_OCTETS), secret);
  if (reply.identifier !== request[1] || !timingSafeEqual(expected, reply.authenticator)) return false;
  return reply.messageAuthenticatorAt === undefined || isSignedFor(reply, asked, secret);
}

/** Error-Cause [RFC 5176 3.5]; what is not listed is a refusal without a reason that helps. */
const CAUSES: ReadonlyMap<number | undefined, OrderResult> = new Map([
  [401, 'attribute-refused'],
  [402, 'attribute-refused'],
  [403, 'gateway-mismatch'],
  [404, 'attribute-refused'],
  [405, 'unsupported'],
  [406, 'unsupported'],
  [407, 'attribute-refused'],
  [501, 'prohibited'],
  [502, 'not-routable'],
  [503, 'session-unknown'],
  [504, 'busy'],
  [505, 'not-routable'],
  [506, 'busy'],
]);

/** What the answer to a request of this code says. */
export function readAnswer(reply: Packet, asked: Draft['code']): OrderResult {
  if (reply.code === (asked === CODE.coaRequest ? CODE.coaAck : CODE.disconnectAck)) return 'done';
  return CAUSES.get(reply.attributes.integer('Error-Cause')) ?? 'refused';
}
