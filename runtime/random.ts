import { randomBytes } from 'node:crypto';

export interface Random {
  /** Octets that nobody can guess. */
  bytes(length: number): Buffer;
  /** A word of 22 characters (128 bits, base64url) that nobody can guess and that fits into a URL or an attribute. */
  word(): string;
  /** A number from 0 up to, not including, 1; for spreading load, not for secrets. */
  fraction(): number;
}

export const systemRandom: Random = {
  bytes: (length) => randomBytes(length),
  word: () => randomBytes(16).toString('base64url'),
  fraction: () => Math.random(),
};
