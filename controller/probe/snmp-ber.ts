/** The part of BER that SNMP requests are written in (X.690, RFC 3416, RFC 3417 8). */

/** An object identifier in numbers, without a leading dot: `1.3.6.1.2.1.1.1.0`. */
export type Oid = string;

export const TAG = {
  integer: 0x02,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  sequence: 0x30,
  ipAddress: 0x40,
  counter32: 0x41,
  gauge32: 0x42,
  timeTicks: 0x43,
  opaque: 0x44,
  counter64: 0x46,
  noSuchObject: 0x80,
  noSuchInstance: 0x81,
  endOfMibView: 0x82,
} as const;

export const PDU = { get: 0xa0, getNext: 0xa1, response: 0xa2, getBulk: 0xa5, report: 0xa8 } as const;

/** Names of objects to ask for, with the encoding of the list that holds them: made once, sent often. */
export interface BindingList {
  readonly names: readonly Buffer[];
  readonly bytes: Buffer;
}

/** What is asked: the two numbers are zero, or for a GETBULK non-repeaters and max-repetitions. */
export interface Question {
  readonly type: number;
  readonly list: BindingList;
  readonly repetitions: number;
}

const NULL = Buffer.from([TAG.null, 0]);

/** A type-length-value element with a length of up to two octets. */
export function element(tag: number, ...content: readonly Buffer[]): Buffer {
  let length = 0;
  for (const part of content) length += part.length;
  const head = length < 0x80 ? 2 : length < 0x100 ? 3 : 4;
  const bytes = Buffer.allocUnsafe(head + length);
  bytes[0] = tag;
  if (head === 2) bytes[1] = length;
  else {
    bytes[1] = 0x7e + head;
    bytes.writeUIntBE(length, 2, head - 2);
  }
  let at = head;
  for (const part of content) at += part.copy(bytes, at);
  return bytes;
}

/** An INTEGER of 32 bits that is not negative, as short as it can be. */
export function integer(value: number): Buffer {
  const octets = value < 0x80 ? 1 : value < 0x8000 ? 2 : value < 0x80_0000 ? 3 : 4;
  const bytes = Buffer.allocUnsafe(2 + octets);
  bytes[0] = TAG.integer;
  bytes[1] = octets;
  bytes.writeIntBE(value, 2, octets);
  return bytes;
}

export function oidBytes(oid: Oid): Buffer {
  const [first = 0, second = 0, ...rest] = oid.split('.').map(Number);
  const bytes: number[] = [];
  for (const number of [first * 40 + second, ...rest]) {
    const septets = [number % 128];
    for (let left = Math.floor(number / 128); left > 0; left = Math.floor(left / 128))
      septets.unshift((left % 128) + 128);
    bytes.push(...septets);
  }
  return Buffer.from(bytes);
}

export function bindingList(names: readonly Buffer[]): BindingList {
  const bindings = names.map((name) => element(TAG.sequence, element(TAG.oid, name), NULL));
  return { names, bytes: element(TAG.sequence, ...bindings) };
}

/** @param id  from 2^24 to below 2^31, so that it always takes four octets */
export function pduBytes({ type, list, repetitions }: Question, id: number): Buffer {
  return element(type, integer(id), integer(0), integer(repetitions), list.bytes);
}
