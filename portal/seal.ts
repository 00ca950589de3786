import { timingSafeEqual } from 'node:crypto';
import type { z } from 'zod';
import { deriveKey } from '../runtime/derive-key';
import { HmacSha256 } from '../runtime/hmac-sha256';
import type { Random } from '../runtime/random';
import { COUNTER_OCTETS, Keystream } from './keystream';

const TAG_OCTETS = 16;

/**
 * Turns a value into a word that only this portal can read or make, so that state can travel through the visitor's
 * browser instead of being kept: no cookie, nothing to forget. Encrypted, then authenticated, each under a key of its
 * own: docs/adr/0010.
 */
export class Seal<T> {
  readonly #keystream: Keystream;
  readonly #tags: HmacSha256;
  readonly #shape: z.ZodType<T>;

  /**
   * @param townKey  the configuration's `key`
   * @param purpose  a fixed word; what was sealed for one purpose does not open for another
   */
  constructor(townKey: string, purpose: string, shape: z.ZodType<T>, random: Random) {
    this.#keystream = new Keystream(deriveKey(townKey, `${purpose}: hidden`), random);
    this.#tags = new HmacSha256(deriveKey(townKey, `${purpose}: tagged`));
    this.#shape = shape;
  }

  /** base64url, so it fits into a form field or an address. */
  close(value: T): string {
    const text = JSON.stringify(value);
    const end = COUNTER_OCTETS + Buffer.byteLength(text);
    const octets = Buffer.allocUnsafe(end + TAG_OCTETS);
    octets.write(text, COUNTER_OCTETS);
    this.#keystream.encrypt(octets, end);
    octets.set(this.#tags.digest(octets.subarray(0, end), TAG_OCTETS), end);
    return octets.toString('base64url');
  }

  /** The value, or undefined if this portal did not make the word. */
  open(word: unknown): T | undefined {
    if (typeof word !== 'string') return undefined;
    const octets = Buffer.from(word, 'base64url');
    const end = octets.length - TAG_OCTETS;
    // The same octets can be written in several ways; only ours is the word.
    if (end <= COUNTER_OCTETS || octets.toString('base64url') !== word) return undefined;
    if (!timingSafeEqual(this.#tags.digest(octets.subarray(0, end), TAG_OCTETS), octets.subarray(end)))
      return undefined;
    const text = this.#keystream.decrypt(octets.subarray(0, COUNTER_OCTETS), octets.subarray(COUNTER_OCTETS, end));
    return this.#shape.safeParse(JSON.parse(text.toString())).data;
  }
}
