import { isUtf8 } from 'node:buffer';
import { type AttributeName, definitionOf, LENGTHS, type NamesOf } from './dictionary';

/** One attribute: its type and its value without the two octets of type and length. */
export interface Attribute {
  readonly type: number;
  readonly value: Buffer;
}

const VENDOR_SPECIFIC = definitionOf('Vendor-Specific').type;
/** Type and length in front of every value. */
const HEAD = 2;
const VENDOR_ID = 4;
/** In front of the value of a vendor's attribute, inside Vendor-Specific. */
const VENDOR_HEAD = VENDOR_ID + HEAD;
export const MAX_VALUE = 255 - HEAD;

/**
 * The attributes of a packet as they lie in it. An attribute may come several times and keeps its place; reading by
 * name gives the first unless it says `all`.
 */
export class Attributes implements Iterable<Attribute> {
  readonly #octets: Buffer;

  private constructor(octets: Buffer) {
    this.#octets = octets;
  }

  /**
   * @returns undefined if an attribute is shorter than its own head, reaches past the end, or has a length that its
   *   definition forbids [RFC 2865 5]
   */
  static parse(octets: Buffer): Attributes | undefined {
    for (let at = 0; at < octets.length; ) {
      const type = octets[at] ?? 0;
      const length = octets[at + 1] ?? 0;
      if (length < HEAD || at + length > octets.length) return undefined;
      const required = LENGTHS[type] ?? 0;
      if (required !== 0 && length - HEAD !== required) return undefined;
      at += length;
    }
    return new Attributes(octets);
  }

  *[Symbol.iterator](): Iterator<Attribute> {
    for (let at = 0; at < this.#octets.length; ) {
      const length = this.#octets[at + 1] ?? HEAD;
      yield { type: this.#octets[at] ?? 0, value: this.#octets.subarray(at + HEAD, at + length) };
      at += length;
    }
  }

  /** Where in the attributes the value of the first or, from `after` on, the next attribute of this type begins. */
  offsetOf(name: AttributeName, after = 0): number | undefined {
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
    for (let at = 0; at < this.#octets.length; ) {
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
    const value = this.#first(name);
    return value?.toString(isUtf8(value) ? 'utf8' : 'latin1');
  }

  /** A number of 32 bits; for a `time`, seconds since 1970. A vendor's attribute of another length counts as absent. */
  integer(name: NamesOf<'integer' | 'time'>): number | undefined {
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

/** @throws RangeError if the value has more octets than an attribute can hold */
export function octetsAttribute(name: AttributeName, value: Buffer): Attribute {
  const { vendor, type } = definitionOf(name);
  if (value.length > MAX_VALUE - (vendor === undefined ? 0 : VENDOR_HEAD)) {
    throw new RangeError(`${name} cannot hold ${value.length} octets`);
  }
  if (vendor === undefined) return { type, value };
  const specific = vendorSpecific(vendor, type, value.length);
  specific.set(value, VENDOR_HEAD);
  return { type: VENDOR_SPECIFIC, value: specific };
}

/** A Vendor-Specific value with one attribute, whose own value is still to be written behind its head. */
function vendorSpecific(vendor: number, type: number, length: number): Buffer {
  const specific = Buffer.allocUnsafe(VENDOR_HEAD + length);
  specific.writeUInt32BE(vendor);
  specific[VENDOR_ID] = type;
  specific[VENDOR_ID + 1] = HEAD + length;
  return specific;
}

export function textAttribute(name: NamesOf<'text'>, value: string): Attribute {
  return octetsAttribute(name, Buffer.from(value, 'utf8'));
}

const MAX_INTEGER = 2 ** 32 - 1;

/** A limit that 32 bits cannot express becomes the largest one they can. */
export function integerAttribute(name: NamesOf<'integer' | 'time'>, value: number): Attribute {
  const { vendor, type } = definitionOf(name);
  const octets = vendor === undefined ? Buffer.allocUnsafe(4) : vendorSpecific(vendor, type, 4);
  octets.writeUInt32BE(Math.min(value, MAX_INTEGER), octets.length - 4);
  return { type: vendor === undefined ? type : VENDOR_SPECIFIC, value: octets };
}

/** @param value  an IPv4 address as `192.0.2.1` */
export function addressAttribute(name: NamesOf<'address'>, value: string): Attribute {
  return octetsAttribute(name, Buffer.from(value.split('.').map(Number)));
}
