import { createCipheriv, createDecipheriv } from 'node:crypto';
import { OperatorError } from '../core/errors';
import type { DeviceAddress } from '../core/mac';
import type { KeyScope } from '../core/pseudonym';
import { deriveKey } from '../runtime/derive-key';
import { HmacSha256 } from '../runtime/hmac-sha256';
import type { Random } from '../runtime/random';

/** Sixteen octets standing for a device at a site for a day. */
export type Pseudonym = Buffer;

/** A key of pseudonyms, ready for use. */
export type PseudonymKey = HmacSha256;

const PSEUDONYM_OCTETS = 16;
const KEY_OCTETS = 32;
const NONCE_OCTETS = 12;
const TAG_OCTETS = 16;

/**
 * Draws, wraps and unwraps the keys of pseudonyms. Keys leave the key table only wrapped (AES-256-GCM under a key
 * derived from the configuration's secret), bound to their site and day: a stolen store alone tells nothing.
 */
export class KeyWrap {
  readonly #wrappingKey: Buffer;
  readonly #random: Random;

  /** @param townKey  the configuration's `key` */
  constructor(townKey: string, random: Random) {
    this.#wrappingKey = deriveKey(townKey, 'pseudonym-keys');
    this.#random = random;
  }

  /** A fresh key and its wrapped form for the key table. */
  draw(scope: KeyScope): { key: PseudonymKey; wrapped: Buffer } {
    const key = this.#random.bytes(KEY_OCTETS);
    const nonce = this.#random.bytes(NONCE_OCTETS);
    const cipher = createCipheriv('aes-256-gcm', this.#wrappingKey, nonce).setAAD(label(scope));
    const sealed = Buffer.concat([cipher.update(key), cipher.final()]);
    return { key: keyOf(key), wrapped: Buffer.concat([nonce, cipher.getAuthTag(), sealed]) };
  }

  /**
   * The key behind a wrapped one.
   * @throws OperatorError STORE_KEY_WRONG if it was wrapped under another `key` or damaged
   */
  unwrap(scope: KeyScope, wrapped: Buffer): PseudonymKey {
    const nonce = wrapped.subarray(0, NONCE_OCTETS);
    const tag = wrapped.subarray(NONCE_OCTETS, NONCE_OCTETS + TAG_OCTETS);
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#wrappingKey, nonce).setAAD(label(scope)).setAuthTag(tag);
      return keyOf(Buffer.concat([decipher.update(wrapped.subarray(NONCE_OCTETS + TAG_OCTETS)), decipher.final()]));
    } catch (cause) {
      throw new OperatorError(
        'STORE_KEY_WRONG',
        'The store was written with another "key" than the configuration has now.',
        'Put the former key back; or, to start anew, name another folder in store.path or another store.redis.prefix (all grants are lost).',
        { cause },
      );
    }
  }
}

/** `trunc128(HMAC-SHA-256(key, address))`: the only form in which a device is stored. */
export function pseudonym(key: PseudonymKey, device: DeviceAddress): Pseudonym {
  return key.digest(device.reveal(), PSEUDONYM_OCTETS);
}

/** What can be destroyed must be the only copy. */
function keyOf(octets: Buffer): PseudonymKey {
  const key = new HmacSha256(octets);
  octets.fill(0);
  return key;
}

function label({ site, day }: KeyScope): Buffer {
  return Buffer.from(`${site} ${day}`);
}
