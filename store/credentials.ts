import { deriveKey } from '../runtime/derive-key';
import { HmacSha256, sha256 } from '../runtime/hmac-sha256';

/** No user name begins with this. */
const MARK = Buffer.from([0]);

/**
 * User names are random words; a password is derived from its user name, so neither has to be stored: the store keeps
 * the hash of the user name, which serves nobody who steals it.
 */
export class CredentialKey {
  readonly #key: HmacSha256;

  /** @param townKey  the configuration's `key` */
  constructor(townKey: string) {
    this.#key = new HmacSha256(deriveKey(townKey, 'credentials'));
  }

  /**
   * The password of a user name: 16 characters, because uspot's PAP carries no more. 96 bits for two minutes are plenty.
   */
  password(username: string): string {
    return this.#key.digest(Buffer.from(username)).toString('base64url').slice(0, 16);
  }

  /** By which a request is known again that redeemed a credential. It tells nothing without `key`. */
  mark(request: Buffer): string {
    return this.#key
      .digest(Buffer.concat([MARK, request]))
      .subarray(0, 16)
      .toString('base64url');
  }
}

/** Under which name the store keeps a credential. */
export function credentialHash(username: string): Buffer {
  return sha256(Buffer.from(username));
}
