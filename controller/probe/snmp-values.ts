import type { SnmpValue } from './snmp-reader';

type Maybe = SnmpValue | undefined;

/** A number that is not negative, of any numeric type; undefined if the agent has none. */
export function unsignedOf(value: Maybe): number | undefined {
  return typeof value === 'number' && value >= 0 ? value : undefined;
}

/** As `aa:bb:cc:dd:ee:ff`, with dashes or dots, as `aabb.ccdd.eeff`, or without anything between. */
const HARDWARE_ADDRESS =
  /(?<![0-9a-f])(?:[0-9a-f]{2}([:.-]?)(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}|[0-9a-f]{4}(?:\.[0-9a-f]{4}){2})(?![0-9a-f])/gi;

/**
 * A printable text of at most `length` characters; undefined if the agent has none. Devices put hardware addresses into
 * descriptions and, of their clients, into names of interfaces; they go no further than here.
 */
export function textOf(value: Maybe, length: number): string | undefined {
  if (!Buffer.isBuffer(value)) return undefined;
  return value
    .toString('utf8')
    .replace(/[\p{C}\s\uFFFD]+/gu, ' ')
    .replace(HARDWARE_ADDRESS, '[mac]')
    .trim()
    .slice(0, length);
}

/** A number, or one written as text, as scripts of snmpd's `extend` print it. */
export function numberOf(value: Maybe): number | undefined {
  if (typeof value === 'number') return value;
  const text = textOf(value, 12);
  return text !== undefined && /^-?\d{1,9}$/.test(text) ? Number(text) : undefined;
}
