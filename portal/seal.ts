import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { z } from 'zod';
import { deriveKey } from '../runtime/derive-key';
import type { Random } from '../runtime/random';

const NONCE_OCTETS = 12;
const TAG_OCTETS = 16;

/**
 * Turns a value into a word that only this portal can read or make (AES-256-GCM), so that state can travel through the
 * visitor's browser instead of being kept: no cookie, nothing to forget.
 */
export class Seal<T> {
  readonly #key: Buffer;
  readonly #shape: z.ZodType<T>;
  readonly #random: Random;

  /**
   * @param townKey  the configuration's `key`
   * @param purpose  a fixed word; what was sealed for one purpose does not open for another
   */
  constructor(townKey: string, purpose: string, shape: z.ZodType<T>, random: Random) {
    this.#key = deriveKey(townKey, purpose);
    this.#shape = shape;
    this.#random = random;
  }

  /** base64url, so it fits into a form field or an address. */
  close(value: T): string {
    const nonce = this.#random.bytes(NONCE_OCTETS);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce);
    const sealed = cipher.update(JSON.stringify(value), 'utf8');
    // GCM gives every octet at once; after this there is a tag.
    cipher.final();
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
  }

  /** The value, or undefined if this portal did not make the word. */
  open(word: unknown): T | undefined {
    if (typeof word !== 'string' || !/^[\w-]+$/.test(word)) return undefined;
    const octets = Buffer.from(word, 'base64url');
    if (octets.length <= NONCE_OCTETS + TAG_OCTETS) return undefined;
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key, octets.subarray(0, NONCE_OCTETS));
      decipher.setAuthTag(octets.subarray(NONCE_OCTETS, NONCE_OCTETS + TAG_OCTETS));
      const plain = Buffer.concat([decipher.update(octets.subarray(NONCE_OCTETS + TAG_OCTETS)), decipher.final()]);
      return this.#shape.safeParse(JSON.parse(plain.toString('utf8'))).data;
    } catch {
      return undefined;
    }
  }
}
