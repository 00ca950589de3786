import { isVarbindError, type Varbind } from 'net-snmp';

/** A number that is not negative, of any numeric type; undefined if the agent has none. A Counter64 keeps 53 exact bits. */
export function unsignedOf(varbind: Varbind | undefined): number | undefined {
  if (varbind === undefined || isVarbindError(varbind)) return undefined;
  const { value } = varbind;
  const number = Buffer.isBuffer(value) && varbind.type === COUNTER64 ? unsigned64(value) : value;
  return typeof number === 'number' && number >= 0 ? number : undefined;
}

/** As `aa:bb:cc:dd:ee:ff`, with dashes or dots, as `aabb.ccdd.eeff`, or without anything between. */
const HARDWARE_ADDRESS =
  /(?<![0-9a-f])(?:[0-9a-f]{2}([:.-]?)(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}|[0-9a-f]{4}(?:\.[0-9a-f]{4}){2})(?![0-9a-f])/gi;

/**
 * A printable text of at most `length` characters; undefined if the agent has none. Devices put hardware addresses into
 * descriptions and, of their clients, into names of interfaces; they go no further than here.
 */
export function textOf(varbind: Varbind | undefined, length: number): string | undefined {
  if (varbind === undefined || isVarbindError(varbind)) return undefined;
  const { value } = varbind;
  if (!Buffer.isBuffer(value) || varbind.type !== OCTET_STRING) return undefined;
  return value
    .toString('utf8')
    .replace(/[\p{C}\s\uFFFD]+/gu, ' ')
    .replace(HARDWARE_ADDRESS, '[mac]')
    .trim()
    .slice(0, length);
}

/** A count written as text, as scripts of snmpd's `extend` print it. */
export function countOf(varbind: Varbind | undefined): number | undefined {
  const text = textOf(varbind, 12);
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : undefined;
}

const OCTET_STRING = 4;
const COUNTER64 = 70;

/** net-snmp hands a Counter64 over as its octets, one to nine of them. */
function unsigned64(octets: Buffer): number {
  return octets.length === 0 ? Number.NaN : Number(BigInt(`0x${octets.toString('hex')}`));
}
