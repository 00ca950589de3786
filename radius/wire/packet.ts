// Of the global of this name each use is a call of a getter.
import { Buffer } from 'node:buffer';
import { type Attribute, Attributes, writeAttribute } from './attributes';

/** Packet types that we know [RFC 2865 3, RFC 2866 3, RFC 5997 2, RFC 5176 2.3]. */
export const CODE = {
  accessRequest: 1,
  accessAccept: 2,
  accessReject: 3,
  accountingRequest: 4,
  accountingResponse: 5,
  accessChallenge: 11,
  statusServer: 12,
  disconnectRequest: 40,
  disconnectAck: 41,
  disconnectNak: 42,
  coaRequest: 43,
  coaAck: 44,
  coaNak: 45,
} as const;
export type Code = (typeof CODE)[keyof typeof CODE];

/** Code, identifier, length and authenticator stand before the attributes. */
export const HEADER_OCTETS = 20;
/** Of the authenticator, in the header. */
export const AUTHENTICATOR_AT = 4;
/** RFC 2865 3. */
export const MAX_PACKET_OCTETS = 4096;

/** A packet as it came: well-formed, not yet verified. Everything in it is a view of `octets`. */
export interface Packet {
  /** The packet from its code to its Length, without any padding after it. */
  readonly octets: Buffer;
  readonly code: number;
  readonly identifier: number;
  /** 16 octets. */
  readonly authenticator: Buffer;
  readonly attributes: Attributes;
  /** Where in `octets` the value of the Message-Authenticator begins, if there is one. */
  readonly messageAuthenticatorAt: number | undefined;
}

/**
 * Reads a datagram. Only its frame is looked at, which verification needs; values are read when they are asked for.
 * Octets after Length are padding and ignored [RFC 2865 3].
 * @returns undefined if a length is wrong, an attribute is malformed, or there are two Message-Authenticators
 */
export function parsePacket(datagram: Buffer): Packet | undefined {
  if (datagram.length < HEADER_OCTETS) return undefined;
  const length = datagram.readUInt16BE(2);
  if (length < HEADER_OCTETS || length > MAX_PACKET_OCTETS || length > datagram.length) return undefined;

  const octets = length === datagram.length ? datagram : datagram.subarray(0, length);
  const attributes = Attributes.parse(octets, HEADER_OCTETS);
  if (attributes === undefined) return undefined;
  const signedAt = attributes.offsetOf('Message-Authenticator');
  if (signedAt !== undefined && attributes.offsetOf('Message-Authenticator', signedAt + 16) !== undefined) {
    return undefined;
  }
  return {
    octets,
    code: datagram.readUInt8(0),
    identifier: datagram.readUInt8(1),
    authenticator: octets.subarray(AUTHENTICATOR_AT, HEADER_OCTETS),
    attributes,
    messageAuthenticatorAt: signedAt,
  };
}

/** Where packets are written, one at a time; behind the longest one there is room for one attribute more. */
const draft = Buffer.alloc(MAX_PACKET_OCTETS + 256);

/**
 * Writes a packet.
 * @throws RangeError if it, or one of its attributes, would be longer than it may be
 */
export function encodePacket(
  code: number,
  identifier: number,
  authenticator: Uint8Array,
  attributes: readonly Attribute[],
): Buffer {
  draft[0] = code;
  draft[1] = identifier;
  draft.set(authenticator, AUTHENTICATOR_AT);
  let length = HEADER_OCTETS;
  for (const attribute of attributes) {
    length = writeAttribute(draft, length, attribute);
    if (length > MAX_PACKET_OCTETS) throw new RangeError(`a packet cannot hold ${length} octets`);
  }
  draft.writeUInt16BE(length, 2);
  const octets = Buffer.allocUnsafe(length);
  draft.copy(octets, 0, 0, length);
  return octets;
}
