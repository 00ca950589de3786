import { isUtf8 } from 'node:buffer';
import { type AttributeName, definitionOf, LENGTHS, type NamesOf } from './dictionary';

/** One attribute to be written: octets, a text in UTF-8, or a number of 32 bits. With a vendor it is one of the vendor's. */
export interface Attribute {
  readonly type: number;
  readonly value: Buffer | string | number;
  readonly vendor?: number | undefined;
}

/** One attribute as it lies in a packet: its type and its value without the two octets of type and length. */
export interface RawAttribute extends Attribute {
  readonly value: Buffer;
}

const VENDOR_SPECIFIC = definitionOf('Vendor-Specific').type;
/** Type and length in front of every value. */
const HEAD = 2;
const VENDOR_ID = 4;
const MAX_OCTETS = 255;

/**
 * The attributes of a packet as they lie in it. An attribute may come several times and keeps its place; reading by
 * name gives the first unless it says `all`.
 */
export class Attributes implements Iterable<RawAttribute> {
  readonly #octets: Buffer;
  readonly #begin: number;

  private constructor(octets: Buffer, begin: number) {
    this.#octets = octets;
    this.#begin = begin;
  }

  /**
   * @param begin  where in the octets they begin
   * @returns undefined if an attribute is shorter than its own head, reaches past the end, or has a length that its
   *   definition forbids [RFC 2865 5]
   */
  static parse(octets: Buffer, begin = 0): Attributes | undefined {
    for (let at = begin; at < octets.length; ) {
      const type = octets[at] ?? 0;
      const length = octets[at + 1] ?? 0;
      if (length < HEAD || at + length > octets.length) return undefined;
      const required = LENGTHS[type] ?? 0;
      if (required !== 0 && length - HEAD !== required) return undefined;
      at += length;
    }
    return new Attributes(octets, begin);
  }

  *[Symbol.iterator](): Iterator<RawAttribute> {
    for (let at = this.#begin; at < this.#octets.length; ) {
      const length = this.#octets[at + 1] ?? HEAD;
      yield { type: this.#octets[at] ?? 0, value: this.#octets.subarray(at + HEAD, at + length) };
      at += length;
    }
  }

  /** Where in the octets the value of the first or, from `after` on, the next attribute of this type begins. */
  offsetOf(name: AttributeName, after = this.#begin): number | undefined {
    const { type } = definitionOf(name);
    for (let at = after; at < this.#octets.length; at += this.#octets[at + 1] ?? HEAD) {
      if (this.#octets[at] === type) return at + HEAD;
    }
    return undefined;
  }

  /** Every value of this attribute, in order. */
  all(name: AttributeName): Buffer[] {
    const { vendor, type } = definitionOf(name);
    const values: Buffer[] = [];
    const wanted = vendor === undefined ? type : VENDOR_SPECIFIC;
    for (let at = this.#begin; at < this.#octets.length; ) {
      const length = this.#octets[at + 1] ?? HEAD;
      if (this.#octets[at] === wanted) {
        const value = this.#octets.subarray(at + HEAD, at + length);
        if (vendor === undefined) values.push(value);
        else values.push(...vendorValues(value, vendor, type));
      }
      at += length;
    }
    return values;
  }

  /** The first value. Most attributes are asked for and not there: then nothing is made. */
  #first(name: AttributeName): Buffer | undefined {
    if (definitionOf(name).vendor !== undefined) return this.all(name)[0];
    const at = this.offsetOf(name);
    return at === undefined ? undefined : this.#octets.subarray(at, at - HEAD + (this.#octets[at - 1] ?? HEAD));
  }

  octets(name: NamesOf<'octets'>): Buffer | undefined {
    return this.#first(name);
  }

  /** UTF-8 [RFC 8044 3.4]; what is not UTF-8 is read octet by octet, so that two different values stay different. */
  text(name: NamesOf<'text'>): string | undefined {
    const at = this.offsetOf(name);
    if (at === undefined) return undefined;
    const end = at - HEAD + (this.#octets[at - 1] ?? HEAD);
    const isRead = isAscii(this.#octets, at, end) || !isUtf8(this.#octets.subarray(at, end));
    return this.#octets.toString(isRead ? 'latin1' : 'utf8', at, end);
  }

  /** A number of 32 bits; for a `time`, seconds since 1970. A vendor's attribute of another length counts as absent. */
  integer(name: NamesOf<'integer' | 'time'>): number | undefined {
    if (definitionOf(name).vendor === undefined) {
      const at = this.offsetOf(name);
      return at === undefined ? undefined : this.#octets.readUInt32BE(at);
    }
    const value = this.#first(name);
    return value?.length === 4 ? value.readUInt32BE() : undefined;
  }

  /** An IPv4 address as `192.0.2.1`. */
  address(name: NamesOf<'address'>): string | undefined {
    const value = this.#first(name);
    return value?.length === 4 ? value.join('.') : undefined;
  }
}

/**
 * The values of one vendor's attribute inside a Vendor-Specific one. Vendors may write what they like there; what does
 * not look like type, length, value is skipped and spoils nothing else [RFC 2865 5.26].
 */
function vendorValues(specific: Buffer, vendor: number, type: number): Buffer[] {
  if (specific.length < VENDOR_ID || specific.readUInt32BE() !== vendor) return [];
  const values: Buffer[] = [];
  for (let at = VENDOR_ID; at + HEAD <= specific.length; ) {
    const length = specific[at + 1] ?? 0;
    if (length < HEAD || at + length > specific.length) return [];
    if (specific[at] === type) values.push(specific.subarray(at + HEAD, at + length));
    at += length;
  }
  return values;
}

/** Most texts are, and then nothing else has to look at them. */
function isAscii(octets: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if ((octets[at] ?? 0) >= 0x80) return false;
  return true;
}

export function octetsAttribute(name: AttributeName, value: Buffer): Attribute {
  const { vendor, type } = definitionOf(name);
  return { type, value, vendor };
}

export function textAttribute(name: NamesOf<'text'>, value: string): Attribute {
  const { vendor, type } = definitionOf(name);
  return { type, value, vendor };
}

const MAX_INTEGER = 2 ** 32 - 1;

/** A limit that 32 bits cannot express becomes the largest one they can. */
export function integerAttribute(name: NamesOf<'integer' | 'time'>, value: number): Attribute {
  const { vendor, type } = definitionOf(name);
  return { type, value: Math.min(value, MAX_INTEGER), vendor };
}

/** @param value  an IPv4 address as `192.0.2.1` */
export function addressAttribute(name: NamesOf<'address'>, value: string): Attribute {
  return octetsAttribute(name, Buffer.from(value.split('.').map(Number)));
}

/**
 * Writes an attribute straight to where it shall lie, which must have room for the longest one there can be.
 * @returns where it ends
 * @throws RangeError if the value has more octets than an attribute can hold
 */
export function writeAttribute(octets: Buffer, at: number, { type, value, vendor }: Attribute): number {
  const head = vendor === undefined ? at : at + HEAD + VENDOR_ID;
  const end = writeValue(octets, head + HEAD, value);
  if (end - at > MAX_OCTETS) throw new RangeError(`an attribute cannot hold ${end - head - HEAD} octets`);
  octets[head] = type;
  octets[head + 1] = end - head;
  if (vendor === undefined) return end;
  octets[at] = VENDOR_SPECIFIC;
  octets[at + 1] = end - at;
  octets.writeUInt32BE(vendor, at + HEAD);
  return end;
}

/** @returns where the value ends, or would end if it is too long */
function writeValue(octets: Buffer, at: number, value: Attribute['value']): number {
  if (typeof value === 'number') return octets.writeUInt32BE(value, at);
  if (typeof value === 'string') return writeText(octets, at, value);
  if (value.length < MAX_OCTETS) octets.set(value, at);
  return at + value.length;
}

/** What we write is nearly always ASCII, and short: then a loop is done before a call into Node.js has begun. */
function writeText(octets: Buffer, at: number, value: string): number {
  if (value.length > MAX_OCTETS) return at + value.length;
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code >= 0x80) return at + octets.write(value, at, MAX_OCTETS);
    octets[at + i] = code;
  }
  return at + value.length;
}
