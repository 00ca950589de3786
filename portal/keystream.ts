import { type Cipher, createCipheriv } from 'node:crypto';
import type { Random } from '../runtime/random';

const BLOCK_OCTETS = 16;
const PREFIX_OCTETS = 12;
/** Of the counter, which says where in its stream a text was encrypted. */
export const COUNTER_OCTETS = BLOCK_OCTETS;
const STOCK_OCTETS = 65_536;

/**
 * AES-256 in counter mode (NIST SP 800-38A 6.5) for many short texts: the stream is made for hundreds of them at once.
 * Each text begins a new block of it, and none of it is used twice: a stream begins with 96 random bits.
 * It hides, and says nothing about who wrote a text.
 */
export class Keystream {
  readonly #key: Buffer;
  readonly #random: Random;
  readonly #counter = Buffer.alloc(COUNTER_OCTETS);
  /** AES by itself, block by block. To make such an object takes longer than to decrypt with it. */
  readonly #blocks: Cipher;
  #stock = Buffer.alloc(0);
  #used = 0;

  constructor(key: Buffer, random: Random) {
    this.#key = key;
    this.#random = random;
    this.#blocks = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false);
  }

  /**
   * Encrypts a text where it lies: behind room for the counter of its first block, which is written there.
   * @param end  where the text ends
   */
  encrypt(octets: Buffer, end: number): void {
    const length = end - COUNTER_OCTETS;
    if (this.#used + length > this.#stock.length) this.#renew(length);
    octets.set(this.#counter);
    octets.writeUInt32BE(this.#used / BLOCK_OCTETS, PREFIX_OCTETS);
    const stock = this.#stock;
    const from = this.#used - COUNTER_OCTETS;
    for (let i = COUNTER_OCTETS; i < end; i++) octets[i] = (octets[i] ?? 0) ^ (stock[from + i] ?? 0);
    this.#used += Math.ceil(length / BLOCK_OCTETS) * BLOCK_OCTETS;
  }

  /** The text that was encrypted, by whomever, from this counter on. */
  decrypt(counter: Buffer, hidden: Uint8Array): Buffer {
    const blocks = Math.ceil(hidden.length / BLOCK_OCTETS);
    const counters = Buffer.allocUnsafe(blocks * BLOCK_OCTETS);
    const first = counter.readUInt32BE(PREFIX_OCTETS);
    for (let block = 0; block < blocks; block++) {
      counter.copy(counters, block * BLOCK_OCTETS);
      counters.writeUInt32BE(first + block, block * BLOCK_OCTETS + PREFIX_OCTETS);
    }
    const text = this.#blocks.update(counters);
    for (let i = 0; i < hidden.length; i++) text[i] = (text[i] ?? 0) ^ (hidden[i] ?? 0);
    return text.subarray(0, hidden.length);
  }

  #renew(needed: number): void {
    this.#random.bytes(PREFIX_OCTETS).copy(this.#counter);
    const zeroes = Buffer.alloc(Math.max(STOCK_OCTETS, needed));
    this.#stock = createCipheriv('aes-256-ctr', this.#key, this.#counter).update(zeroes);
    this.#used = 0;
  }
}
