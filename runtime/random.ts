import { randomFillSync } from 'node:crypto';

export interface Random {
  /** Octets that nobody can guess. */
  bytes(length: number): Buffer;
  /** A word of 22 characters (128 bits, base64url) that nobody can guess and that fits into a URL or an attribute. */
  word(): string;
  /** A number from 0 up to, not including, 1; for spreading load, not for secrets. */
  fraction(): number;
}

/** Asking for four thousand octets costs as much as asking for twelve. What was handed out is wiped from here at once. */
const stock = Buffer.alloc(4096);
let used = stock.length;

function bytes(length: number): Buffer {
  if (length > stock.length / 16) return randomFillSync(Buffer.alloc(length));
  if (used + length > stock.length) {
    randomFillSync(stock);
    used = 0;
  }
  const drawn = Buffer.from(stock.subarray(used, used + length));
  stock.fill(0, used, used + length);
  used += length;
  return drawn;
}

export const systemRandom: Random = {
  bytes,
  word: () => bytes(16).toString('base64url'),
  fraction: () => Math.random(),
};
