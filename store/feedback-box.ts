import { createCipheriv, createDecipheriv } from 'node:crypto';
import { deriveKey } from '../runtime/derive-key';
import type { Random } from '../runtime/random';

const NONCE_OCTETS = 12;
const TAG_OCTETS = 16;

/** What a writer of feedback says, and how to reach them: perhaps a name and a telephone number. */
export interface Words {
  readonly text: string;
  readonly contact?: string;
}

/**
 * Encrypts what people write (AES-256-GCM under a key derived from the configuration's `key`), so that a stolen store
 * alone does not tell who wrote or what.
 */
export class FeedbackBox {
  readonly #key: Buffer;
  readonly #random: Random;

  /** @param townKey  the configuration's `key` */
  constructor(townKey: string, random: Random) {
    this.#key = deriveKey(townKey, 'feedback');
    this.#random = random;
  }

  /** @param reference  of the entry; the words open under no other */
  close({ text, contact = '' }: Words, reference: string): Buffer {
    const nonce = this.#random.bytes(NONCE_OCTETS);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(reference));
    const sealed = Buffer.concat([cipher.update(`${contact}\0${text}`), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
  }

  open(sealed: Buffer, reference: string): Words {
    const decipher = createDecipheriv('aes-256-gcm', this.#key, sealed.subarray(0, NONCE_OCTETS))
      .setAAD(Buffer.from(reference))
      .setAuthTag(sealed.subarray(NONCE_OCTETS, NONCE_OCTETS + TAG_OCTETS));
    const plain = Buffer.concat([decipher.update(sealed.subarray(NONCE_OCTETS + TAG_OCTETS)), decipher.final()]);
    const words = plain.toString('utf8');
    const end = words.indexOf('\0');
    const contact = words.slice(0, end);
    return { text: words.slice(end + 1), ...(contact !== '' && { contact }) };
  }
}
