/** A count of octets. A double holds 2^53 exactly: nine petabytes, more than a session can carry. */
export type Octets = number;

const GIGAWORD = 2 ** 32;

/**
 * Joins a 32-bit counter with the number of times it wrapped (Acct-Input-Gigawords, RFC 2869 5.1).
 * Saturates at the largest exact integer instead of losing the low bits.
 */
export function octetsFrom(low: number, gigawords: number): Octets {
  return Math.min(gigawords * GIGAWORD + low, Number.MAX_SAFE_INTEGER);
}

/** Adds up; beyond the largest exact integer sums are rounded, and a total could fall. */
export function addOctets(a: Octets, b: Octets): Octets {
  return Math.min(a + b, Number.MAX_SAFE_INTEGER);
}

/** Splits a count into the 32-bit counter and its wraps, the reverse of `octetsFrom`. */
export function splitOctets(octets: Octets): { low: number; gigawords: number } {
  return { low: octets % GIGAWORD, gigawords: Math.floor(octets / GIGAWORD) };
}
