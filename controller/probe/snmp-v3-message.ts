import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import { element, integer, TAG } from './snmp-ber';
import { AUTHENTICATION, type LocalizedKeys, PRIVACY, type User } from './snmp-keys';
import { type Element, elementAt, elementOf, integerOf } from './snmp-reader';

/** The form of SNMPv3 messages and the User-based Security Model's cryptography (RFC 3412 6, RFC 3414 2.4, RFC 3826). */

export const FLAG = { authenticated: 1, encrypted: 2, reportable: 4 } as const;

const VERSION = 3;
const USER_BASED = 3;
/** What we can take; the largest that UDP carries. */
const MAX_MESSAGE = 65_507;

/** What stands readable in every message. */
export interface Envelope {
  readonly id: number;
  readonly flags: number;
  readonly engineId: Buffer;
  readonly boots: number;
  readonly seconds: number;
  readonly userName: Buffer;
  readonly signature: Buffer;
  readonly salt: Buffer;
}

export interface Received extends Envelope {
  /** Where the signature stands. */
  readonly signatureAt: number;
  /** The scoped PDU, readable or encrypted. */
  readonly body: Element;
}

export function encode(envelope: Envelope, body: Buffer): Buffer {
  const header = element(
    TAG.sequence,
    integer(envelope.id),
    integer(MAX_MESSAGE),
    element(TAG.octetString, Buffer.from([envelope.flags])),
    integer(USER_BASED),
  );
  const security = element(
    TAG.sequence,
    element(TAG.octetString, envelope.engineId),
    integer(envelope.boots),
    integer(envelope.seconds),
    element(TAG.octetString, envelope.userName),
    element(TAG.octetString, envelope.signature),
    element(TAG.octetString, envelope.salt),
  );
  return element(TAG.sequence, integer(VERSION), header, element(TAG.octetString, security), body);
}

/** Undefined if it is no SNMPv3 message of the User-based Security Model, exactly. */
export function decode(bytes: Buffer): Received | undefined {
  const message = elementOf(TAG.sequence, bytes, 0, bytes.length);
  if (message === undefined || message.to !== bytes.length) return undefined;
  const version = elementAt(bytes, message.from, message.to);
  if (version === undefined || integerOf(bytes, version) !== VERSION) return undefined;
  const header = elementOf(TAG.sequence, bytes, version.to, message.to);
  const head = header && fields(bytes, header, [TAG.integer, TAG.integer, TAG.octetString, TAG.integer]);
  const wrapped = header && elementOf(TAG.octetString, bytes, header.to, message.to);
  const security = wrapped && elementOf(TAG.sequence, bytes, wrapped.from, wrapped.to);
  if (head === undefined || wrapped === undefined || security?.to !== wrapped.to) return undefined;
  const { octetString, integer: number } = TAG;
  const parts = fields(bytes, security, [octetString, number, number, octetString, octetString, octetString]);
  const body = elementAt(bytes, wrapped.to, message.to);
  if (parts === undefined || body === undefined || body.to !== message.to) return undefined;
  return assemble(bytes, head, parts, body);
}

function assemble(bytes: Buffer, head: Element[], parts: Element[], body: Element): Received | undefined {
  const octets = (found: Element | undefined): Buffer => bytes.subarray(found?.from ?? 0, found?.to ?? 0);
  const id = integerOf(bytes, head[0]);
  const flags = octets(head[2]);
  const boots = integerOf(bytes, parts[1]);
  const seconds = integerOf(bytes, parts[2]);
  if (id === undefined || flags.length !== 1 || integerOf(bytes, head[3]) !== USER_BASED) return undefined;
  if (boots === undefined || seconds === undefined || boots < 0 || seconds < 0) return undefined;
  return {
    id,
    flags: flags[0] ?? 0,
    engineId: octets(parts[0]),
    boots,
    seconds,
    userName: octets(parts[3]),
    signature: octets(parts[4]),
    signatureAt: parts[4]?.from ?? 0,
    salt: octets(parts[5]),
    body,
  };
}

/** The elements inside another one, if they are of these types and nothing else is there. */
function fields(bytes: Buffer, { from, to }: Element, tags: readonly number[]): Element[] | undefined {
  const found: Element[] = [];
  let at = from;
  for (const tag of tags) {
    const field = elementOf(tag, bytes, at, to);
    if (field === undefined) return undefined;
    found.push(field);
    at = field.to;
  }
  return at === to ? found : undefined;
}

/** Writes the signature over the zeros that stand for it. */
export function sign(bytes: Buffer, { authentication }: User, { authentication: key }: LocalizedKeys): Buffer {
  const { octets } = AUTHENTICATION[authentication];
  const zeros = Buffer.alloc(octets);
  const received = decode(bytes);
  const signature = createHmac(authentication, key).update(bytes).digest().subarray(0, zeros.length);
  signature.copy(bytes, received?.signatureAt ?? 0);
  return bytes;
}

export function isSigned(bytes: Buffer, message: Received, user: User, keys: LocalizedKeys): boolean {
  const { octets } = AUTHENTICATION[user.authentication];
  const { signature, signatureAt } = message;
  if (signature.length !== octets) return false;
  const expected = createHmac(user.authentication, keys.authentication)
    .update(bytes.subarray(0, signatureAt))
    .update(Buffer.alloc(octets))
    .update(bytes.subarray(signatureAt + octets))
    .digest();
  return timingSafeEqual(signature, expected.subarray(0, octets));
}

export function encrypt(plain: Buffer, envelope: Envelope, { privacy }: User, keys: LocalizedKeys): Buffer {
  return element(
    TAG.octetString,
    createCipheriv(PRIVACY[privacy].cipher, keys.privacy, vector(envelope)).update(plain),
  );
}

export function decrypt(bytes: Buffer, message: Received, { privacy }: User, keys: LocalizedKeys): Buffer {
  const hidden = bytes.subarray(message.body.from, message.body.to);
  return createDecipheriv(PRIVACY[privacy].cipher, keys.privacy, vector(message)).update(hidden);
}

/** RFC 3826 3.1.2.1: the agent's starts and time, and a salt that never comes twice. */
function vector({ boots, seconds, salt }: Envelope): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32BE(boots, 0);
  bytes.writeUInt32BE(seconds, 4);
  salt.copy(bytes, 8);
  return bytes;
}
