import { type Oid, TAG } from './snmp-ber';

/**
 * Reads what agents send, octet by octet: definite lengths, known types, no value longer than its type (RFC 2578 7.1,
 * RFC 3416 3). What breaks that is not read at all; no wrong number comes out of it.
 */

/** A number (Integer32, Counter, Gauge, TimeTicks), octets, an object identifier; null for whatever says "there is none". */
export type SnmpValue = number | Buffer | Oid | null;

/** A type-length-value element: its value lies in [from, to). */
export interface Element {
  readonly tag: number;
  readonly from: number;
  readonly to: number;
}

export interface Binding {
  /** The object identifier as it was sent. */
  readonly name: Buffer;
  readonly value: SnmpValue;
}

export interface Pdu {
  readonly type: number;
  readonly id: number;
  readonly errorStatus: number;
  readonly errorIndex: number;
  readonly bindings: readonly Binding[];
}

/** The element that starts at an octet and ends before `end`. A UDP datagram needs no more than two octets of length. */
export function elementAt(bytes: Buffer, at: number, end: number): Element | undefined {
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

/** The same if it has this type. */
export function elementOf(tag: number, bytes: Buffer, at: number, end: number): Element | undefined {
  const found = elementAt(bytes, at, end);
  return found?.tag === tag ? found : undefined;
}

/** An INTEGER of 32 bits. */
export function integerOf(bytes: Buffer, found: Element | undefined): number | undefined {
  if (found?.tag !== TAG.integer) return undefined;
  const length = found.to - found.from;
  return length >= 1 && length <= 4 ? bytes.readIntBE(found.from, length) : undefined;
}

/** Request-id, error-status, error-index and the list of bindings; nothing before, between or after them. */
export function readPdu(bytes: Buffer, { tag: type, from, to }: Element): Pdu | undefined {
  const numbers: number[] = [];
  let at = from;
  for (let field = 0; field < 3; field++) {
    const found = elementAt(bytes, at, to);
    const number = integerOf(bytes, found);
    if (found === undefined || number === undefined) return undefined;
    numbers.push(number);
    at = found.to;
  }
  const list = elementOf(TAG.sequence, bytes, at, to);
  if (list === undefined || list.to !== to) return undefined;
  const bindings = readBindings(bytes, list);
  const [id = 0, errorStatus = 0, errorIndex = 0] = numbers;
  return bindings && { type, id, errorStatus, errorIndex, bindings };
}

function readBindings(bytes: Buffer, list: Element): Binding[] | undefined {
  const bindings: Binding[] = [];
  for (let at = list.from; at < list.to; ) {
    const binding = elementOf(TAG.sequence, bytes, at, list.to);
    if (binding === undefined) return undefined;
    const name = elementOf(TAG.oid, bytes, binding.from, binding.to);
    if (name === undefined || !isOid(bytes, name)) return undefined;
    const found = elementAt(bytes, name.to, binding.to);
    if (found === undefined || found.to !== binding.to) return undefined;
    const value = readValue(bytes, found);
    if (value === undefined) return undefined;
    bindings.push({ name: bytes.subarray(name.from, name.to), value });
    at = binding.to;
  }
  return bindings;
}

/** Undefined if its length or form is none that its type allows. */
function readValue(bytes: Buffer, found: Element): SnmpValue | undefined {
  const { tag, from, to } = found;
  const length = to - from;
  switch (tag) {
    case TAG.integer:
      return integerOf(bytes, found);
    case TAG.counter32:
    case TAG.gauge32:
    case TAG.timeTicks:
      return unsignedAt(bytes, from, length, 4);
    case TAG.counter64:
      return unsignedAt(bytes, from, length, 8);
    case TAG.octetString:
      return bytes.subarray(from, to);
    case TAG.oid:
      return isOid(bytes, found) ? oidText(bytes.subarray(from, to)) : undefined;
    case TAG.opaque:
      return null;
    case TAG.ipAddress:
      return length === 4 ? null : undefined;
    case TAG.null:
    case TAG.noSuchObject:
    case TAG.noSuchInstance:
    case TAG.endOfMibView:
      return length === 0 ? null : undefined;
    default:
      return undefined;
  }
}

/**
 * A leading zero is needed when the top bit is set; mini_snmpd leaves it out, so both forms are taken. A Counter64 keeps
 * 53 exact bits.
 */
function unsignedAt(bytes: Buffer, from: number, length: number, most: number): number | undefined {
  if (length === most + 1 && bytes[from] === 0) return unsignedAt(bytes, from + 1, most, most);
  if (length < 1 || length > most) return undefined;
  if (length <= 4) return bytes.readUIntBE(from, length);
  return bytes.readUIntBE(from, length - 4) * 2 ** 32 + bytes.readUInt32BE(from + length - 4);
}

/** Sub-identifiers of at most 32 bits, as short as they can be, the last one complete. */
function isOid(bytes: Buffer, { from, to }: Element): boolean {
  let value = 0;
  let begun = false;
  for (let at = from; at < to; at++) {
    const octet = bytes[at] ?? 0;
    if (!begun && octet === 0x80) return false;
    value = value * 128 + (octet & 0x7f);
    begun = octet > 0x7f;
    if (value > 0xffff_ffff) return false;
    if (!begun) value = 0;
  }
  return to > from && !begun;
}

/** The numbers of an object identifier, or of the part of one behind a table's column. */
export function subIdentifiers(bytes: Buffer): number[] {
  const numbers: number[] = [];
  let number = 0;
  for (const octet of bytes) {
    number = number * 128 + (octet & 0x7f);
    if (octet > 0x7f) continue;
    numbers.push(number);
    number = 0;
  }
  return numbers;
}

export function oidText(bytes: Buffer): Oid {
  const [first = 0, ...rest] = subIdentifiers(bytes);
  const top = Math.min(2, Math.floor(first / 40));
  return [top, first - top * 40, ...rest].join('.');
}
