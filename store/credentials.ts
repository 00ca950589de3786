import { createHash, createHmac } from 'node:crypto';
import { deriveKey } from '../runtime/derive-key';

/**
 * User names are random words; a password is derived from its user name, so neither has to be stored: the store keeps
 * the hash of the user name, which serves nobody who steals it.
 */
export class CredentialKey {
  readonly #key: Buffer;

  /** @param townKey  the configuration's `key` */
  constructor(townKey: string) {
    this.#key = deriveKey(townKey, 'credentials');
  }

  /**
   * The password of a user name: 16 characters, because uspot's PAP carries no more. 96 bits for two minutes are plenty.
   */
  password(username: string): string {
    return createHmac('sha256', this.#key).update(username).digest('base64url').slice(0, 16);
  }
}

/** Under which name the store keeps a credential. */
export function credentialHash(username: string): Buffer {
  return createHash('sha256').update(username).digest();
}
