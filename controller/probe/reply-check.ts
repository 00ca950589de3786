import type { IgnoredReason } from '../../core/reasons';

/**
 * Checks a datagram octet by octet before net-snmp sees it. net-snmp 3.29 ends the process on a Report PDU in v2c,
 * drops the request on a wrong community, cuts a Gauge of more than 32 bits and loses the bits of long integers; what
 * passes here has the exact form of a v2c Response (RFC 3416), so none of that can happen.
 */

const INTEGER = 0x02;
const OCTET_STRING = 0x04;
const OID = 0x06;
const SEQUENCE = 0x30;
const RESPONSE = 0xa2;
const VERSION_2C = 1;

/** A type-length-value element: its value lies in [from, to). */
interface Element {
  readonly tag: number;
  readonly from: number;
  readonly to: number;
}

/** Why the datagram must not be read; undefined if it is a well-formed v2c Response with this community. */
export function faultOfReply(bytes: Buffer, community: Buffer): IgnoredReason | undefined {
  const message = elementAt(bytes, 0, bytes.length);
  if (message?.tag !== SEQUENCE || message.to !== bytes.length) return 'malformed';
  const version = elementAt(bytes, message.from, message.to);
  if (version?.tag !== INTEGER || version.to - version.from !== 1) return 'malformed';
  if (bytes[version.from] !== VERSION_2C) return 'wrong-version';
  const name = elementAt(bytes, version.to, message.to);
  if (name?.tag !== OCTET_STRING) return 'malformed';
  if (!bytes.subarray(name.from, name.to).equals(community)) return 'wrong-community';
  const pdu = elementAt(bytes, name.to, message.to);
  if (pdu === undefined || pdu.to !== message.to) return 'malformed';
  if (pdu.tag !== RESPONSE) return 'wrong-type';
  return isResponseBody(bytes, pdu) ? undefined : 'malformed';
}

/** Request-id, error-status, error-index, list of variable bindings; nothing more (RFC 3416 3). */
function isResponseBody(bytes: Buffer, pdu: Element): boolean {
  let at = pdu.from;
  for (let field = 0; field < 3; field++) {
    const number = elementAt(bytes, at, pdu.to);
    if (number?.tag !== INTEGER || !isValue(bytes, number)) return false;
    at = number.to;
  }
  const list = elementAt(bytes, at, pdu.to);
  if (list?.tag !== SEQUENCE || list.to !== pdu.to) return false;
  for (at = list.from; at < list.to; ) {
    const binding = elementAt(bytes, at, list.to);
    if (binding?.tag !== SEQUENCE) return false;
    const name = elementAt(bytes, binding.from, binding.to);
    if (name?.tag !== OID || !isOid(bytes, name)) return false;
    const value = elementAt(bytes, name.to, binding.to);
    if (value === undefined || value.to !== binding.to || !isValue(bytes, value)) return false;
    at = binding.to;
  }
  return true;
}

/** Definite lengths of up to two octets: a UDP datagram holds no more. */
function elementAt(bytes: Buffer, at: number, end: number): Element | undefined {
  const tag = bytes[at];
  const short = bytes[at + 1];
  if (tag === undefined || short === undefined || at + 2 > end) return undefined;
  let from = at + 2;
  let length = short;
  if (short > 0x7f) {
    const octets = short & 0x7f;
    if (octets < 1 || octets > 2 || from + octets > end) return undefined;
    length = bytes.readUIntBE(from, octets);
    from += octets;
  }
  return from + length > end ? undefined : { tag, from, to: from + length };
}

/** Whether the value has a length that its type allows (RFC 2578 7.1). */
function isValue(bytes: Buffer, { tag, from, to }: Element): boolean {
  const length = to - from;
  switch (tag) {
    case INTEGER:
      return length >= 1 && length <= 4;
    case 0x41: // Counter32
    case 0x42: // Gauge32, Unsigned32
    case 0x43: // TimeTicks
      return isUnsigned(bytes, from, length, 4);
    case 0x46: // Counter64
      return isUnsigned(bytes, from, length, 8);
    case OCTET_STRING:
    case 0x44: // Opaque
      return true;
    case OID:
      return isOid(bytes, { tag, from, to });
    case 0x40: // IpAddress
      return length === 4;
    case 0x05: // Null
    case 0x80: // noSuchObject
    case 0x81: // noSuchInstance
    case 0x82: // endOfMibView
      return length === 0;
    default:
      return false;
  }
}

/** A leading zero is needed when the top bit is set; mini_snmpd leaves it out, so both forms are taken. */
function isUnsigned(bytes: Buffer, from: number, length: number, most: number): boolean {
  return (length >= 1 && length <= most) || (length === most + 1 && bytes[from] === 0);
}

/** Sub-identifiers of at most 32 bits, the last one complete. */
function isOid(bytes: Buffer, { from, to }: Element): boolean {
  let value = 0;
  let begun = false;
  for (const octet of bytes.subarray(from, to)) {
    if (!begun && octet === 0x80) return false;
    value = value * 128 + (octet & 0x7f);
    begun = octet > 0x7f;
    if (value > 0xffff_ffff) return false;
    if (!begun) value = 0;
  }
  return to > from && !begun;
}
