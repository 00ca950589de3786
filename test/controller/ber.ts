/** The little BER that a test needs to play an SNMP agent, honest or not (X.690, RFC 3416). */

export const PDU = { get: 0xa0, getNext: 0xa1, response: 0xa2, trap: 0xa7, getBulk: 0xa5, report: 0xa8 } as const;

export interface Binding {
  readonly oid: string;
  readonly tag: number;
  readonly value: Buffer;
}

export interface Message {
  readonly version: number;
  readonly community: string;
  readonly pdu: number;
  readonly id: number;
  /** error-status, or non-repeaters of a GETBULK. */
  readonly status: number;
  /** error-index, or max-repetitions of a GETBULK. */
  readonly index: number;
  readonly bindings: readonly Binding[];
}

export function tlv(tag: number, ...content: readonly Buffer[]): Buffer {
  const value = Buffer.concat(content);
  const length = value.length < 0x80 ? [value.length] : [0x82, value.length >> 8, value.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), value]);
}

export function integer(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** The shortest form of a number that is not negative. */
export function unsigned(value: bigint | number): Buffer {
  const hex = BigInt(value).toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return (bytes[0] ?? 0) > 0x7f ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes;
}

export function oidValue(oid: string): Buffer {
  const [first = 0, second = 0, ...rest] = oid.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((number) => {
    const septets = [number % 128];
    for (let left = Math.floor(number / 128); left > 0; left = Math.floor(left / 128))
      septets.unshift((left % 128) + 128);
    return septets;
  });
  return Buffer.from(bytes);
}

export function encode({ version, community, pdu, id, status, index, bindings }: Message): Buffer {
  const list = bindings.map(({ oid, tag, value }) => tlv(0x30, tlv(0x06, oidValue(oid)), tlv(tag, value)));
  return tlv(
    0x30,
    tlv(0x02, Buffer.from([version])),
    tlv(0x04, Buffer.from(community)),
    tlv(pdu, tlv(0x02, integer(id)), tlv(0x02, integer(status)), tlv(0x02, integer(index)), tlv(0x30, ...list)),
  );
}

/** Reads a request that a well-behaved manager sent; throws on anything else. */
export function decodeRequest(bytes: Buffer): Message {
  const [message] = children(bytes);
  const [version, community, pdu] = children(message?.value);
  const [id, status, index, list] = children(pdu?.value);
  if (version === undefined || community === undefined || pdu === undefined) throw new Error('not a request');
  if (id === undefined || status === undefined || index === undefined) throw new Error('not a request');
  return {
    version: number(version.value),
    community: community.value.toString(),
    pdu: pdu.tag,
    id: number(id.value),
    status: number(status.value),
    index: number(index.value),
    bindings: children(list?.value).map(({ value }) => {
      const [name] = children(value);
      return { oid: oidText(name?.value ?? Buffer.alloc(0)), tag: 0x05, value: Buffer.alloc(0) };
    }),
  };
}

function children(bytes: Buffer = Buffer.alloc(0)): { tag: number; value: Buffer }[] {
  const found = [];
  for (let at = 0; at < bytes.length; ) {
    const short = bytes.readUInt8(at + 1);
    const extra = short > 0x7f ? short & 0x7f : 0;
    const length = extra === 0 ? short : bytes.readUIntBE(at + 2, extra);
    const from = at + 2 + extra;
    found.push({ tag: bytes.readUInt8(at), value: bytes.subarray(from, from + length) });
    at = from + length;
  }
  return found;
}

function number(value: Buffer): number {
  return value.readIntBE(0, value.length);
}

function oidText(value: Buffer): string {
  const numbers: number[] = [];
  let number = 0;
  for (const octet of value) {
    number = number * 128 + (octet & 0x7f);
    if (octet > 0x7f) continue;
    numbers.push(number);
    number = 0;
  }
  const [first = 0, ...rest] = numbers;
  return [Math.floor(first / 40), first % 40, ...rest].join('.');
}
