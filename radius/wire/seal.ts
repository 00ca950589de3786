// Of the global of this name each use is a call of a getter.
import { Buffer } from 'node:buffer';
import { timingSafeEqual } from 'node:crypto';
import type { DropReason } from '../../core/reasons';
import { hmacMd5, md5 } from '../../runtime/md5';
import { type Attribute, octetsAttribute } from './attributes';
import {
  AUTHENTICATOR_AT,
  CODE,
  type Code,
  encodePacket,
  HEADER_OCTETS,
  MAX_PACKET_OCTETS,
  type Packet,
} from './packet';

/**
 * Everything that a shared secret proves or hides. Digests are compared as octets and in constant time; nothing in a
 * packet is believed before `verifyRequest` has passed it.
 */

const ZEROES = Buffer.alloc(16);
/** The place of a Message-Authenticator while what it signs is written [RFC 3579 3.2]. */
const UNSIGNED = octetsAttribute('Message-Authenticator', ZEROES);
/** Where a packet is put to look at it as it was when it was signed. One is looked at at a time. */
const workbench = Buffer.alloc(MAX_PACKET_OCTETS);
const BLOCK = 16;
/** RFC 2865 5.2. */
const MAX_PASSWORD_OCTETS = 128;

/**
 * Does the request come from someone who knows the secret?
 * @param requireMessageAuthenticator  refuse an Access-Request that is not signed; a Status-Server always must be
 * @returns undefined if so, else why not
 */
export function verifyRequest(
  packet: Packet,
  secret: Buffer,
  requireMessageAuthenticator: boolean,
): DropReason | undefined {
  const signed = packet.messageAuthenticatorAt !== undefined;
  switch (packet.code) {
    case CODE.accountingRequest: {
      // Its authenticator is a digest over the packet with zeroes in its place [RFC 2866 3]; a Message-Authenticator,
      // rare here, is made before that, so it sees the zeroes too.
      const expected = md5(packet.octets.subarray(0, AUTHENTICATOR_AT), ZEROES, attributesOf(packet), secret);
      const verified =
        timingSafeEqual(expected, packet.authenticator) && (!signed || isSignedFor(packet, ZEROES, secret));
      return verified ? undefined : 'bad-authenticator';
    }
    case CODE.accessRequest:
      if (!signed && (requireMessageAuthenticator || mustBeSigned(packet))) {
        return 'message-authenticator-missing';
      }
      return signed && !isSignedFor(packet, packet.authenticator, secret) ? 'bad-authenticator' : undefined;
    case CODE.statusServer: // RFC 5997 2.1
      if (!signed) return 'message-authenticator-missing';
      return isSignedFor(packet, packet.authenticator, secret) ? undefined : 'bad-authenticator';
    default:
      return 'unsupported-code';
  }
}

/**
 * Unsigned, the content of an Access-Request is unproven. With a Proxy-State an attacker could forge the answer to it
 * (BlastRADIUS), and gateways that cannot sign are not proxies; EAP is signed always [RFC 3579 3.1].
 */
function mustBeSigned({ attributes }: Packet): boolean {
  return attributes.octets('Proxy-State') !== undefined || attributes.octets('EAP-Message') !== undefined;
}

/** Is the Message-Authenticator right, with this in the authenticator's place? [RFC 3579 3.2] */
export function isSignedFor(packet: Packet, authenticator: Buffer, secret: Buffer): boolean {
  const at = packet.messageAuthenticatorAt;
  if (at === undefined) return false;
  const { octets } = packet;
  const asSigned = workbench.subarray(0, octets.length);
  asSigned.set(octets);
  asSigned.set(authenticator, AUTHENTICATOR_AT);
  asSigned.set(ZEROES, at);
  return timingSafeEqual(hmacMd5(secret, asSigned), octets.subarray(at, at + ZEROES.length));
}

function attributesOf(packet: Packet): Buffer {
  return packet.octets.subarray(HEADER_OCTETS);
}

/**
 * Writes and seals the answer to a request. `sign` puts a Message-Authenticator first, where nothing an attacker
 * chooses can stand before it; the request's Proxy-State follow the attributes unchanged and in order [RFC 2865 5.33].
 * @throws RangeError if the answer would be longer than a packet may be
 */
export function sealReply(
  request: Packet,
  code: Code,
  attributes: readonly Attribute[],
  { secret, sign }: { readonly secret: Buffer; readonly sign: boolean },
): Buffer {
  const all = sign ? [UNSIGNED, ...attributes] : [...attributes];
  for (const value of request.attributes.all('Proxy-State')) all.push(octetsAttribute('Proxy-State', value));
  const reply = encodePacket(code, request.identifier, request.authenticator, all);
  if (sign) reply.set(hmacMd5(secret, reply), HEADER_OCTETS + 2);
  reply.set(md5(reply, secret), AUTHENTICATOR_AT);
  return reply;
}

/**
 * Takes the hiding off a User-Password [RFC 2865 5.2].
 * @returns the password with the zeroes that pad it; undefined if its length is none that hiding produces
 */
export function unhide(hidden: Buffer, authenticator: Buffer, secret: Buffer): Buffer | undefined {
  if (hidden.length === 0 || hidden.length % BLOCK !== 0 || hidden.length > MAX_PASSWORD_OCTETS) return undefined;
  const padded = Buffer.allocUnsafe(hidden.length);
  let previous = authenticator;
  for (let at = 0; at < hidden.length; at += BLOCK) {
    const mask = md5(secret, previous);
    for (let i = 0; i < BLOCK; i++) padded[at + i] = (hidden[at + i] ?? 0) ^ (mask[i] ?? 0);
    previous = hidden.subarray(at, at + BLOCK);
  }
  return padded;
}

/** Is this the password, once zeroes pad it to the same length? */
export function isPaddedPassword(padded: Buffer, password: string): boolean {
  const expected = Buffer.alloc(padded.length);
  const written = expected.write(password, 'utf8');
  return timingSafeEqual(padded, expected) && written === Buffer.byteLength(password);
}

/** Does the CHAP response (identifier and digest) belong to this challenge and password? [RFC 2865 2.2, RFC 1994 4.1] */
export function isChapResponse(response: Buffer, challenge: Buffer, password: string): boolean {
  const expected = md5(response.subarray(0, 1), Buffer.from(password, 'utf8'), challenge);
  return timingSafeEqual(expected, response.subarray(1));
}
