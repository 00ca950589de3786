import { createHash } from 'node:crypto';

/** How messages of a user are signed: HMAC with SHA-2 (RFC 7860). MD5 and SHA-1 are not offered. */
export const AUTHENTICATION = {
  sha256: { octets: 24 },
  sha384: { octets: 32 },
  sha512: { octets: 48 },
} as const;
export type Authentication = keyof typeof AUTHENTICATION;

/** How they are encrypted: AES in CFB mode (RFC 3826); a key from SHA-256 or longer is long enough for each. DES is not offered. */
export const PRIVACY = {
  aes128: { cipher: 'aes-128-cfb', keyOctets: 16 },
  aes192: { cipher: 'aes-192-cfb', keyOctets: 24 },
  aes256: { cipher: 'aes-256-cfb', keyOctets: 32 },
} as const;
export type Privacy = keyof typeof PRIVACY;

/** Keys of one user at one agent. */
export interface LocalizedKeys {
  readonly authentication: Buffer;
  readonly privacy: Buffer;
}

export interface User {
  readonly name: string;
  readonly authentication: Authentication;
  readonly authPassword: string;
  readonly privacy: Privacy;
  readonly privacyPassword: string;
}

/** The password is repeated to this length before it is hashed (RFC 3414 A.2), which costs milliseconds. */
const STRETCHED_OCTETS = 1024 * 1024;

/**
 * Makes keys of passwords. The slow step depends on the password alone, so it is done once for all access points with
 * the same password; the step for one agent costs two short hashes.
 */
export class KeyMaker {
  readonly #stretched = new Map<string, Buffer>();
  /** How often the slow step was done. */
  stretches = 0;

  localized({ authentication, authPassword, privacy, privacyPassword }: User, engineId: Buffer): LocalizedKeys {
    const keyFrom = (password: string): Buffer => {
      const key = this.#stretch(authentication, password);
      return createHash(authentication).update(key).update(engineId).update(key).digest();
    };
    return {
      authentication: keyFrom(authPassword),
      privacy: keyFrom(privacyPassword).subarray(0, PRIVACY[privacy].keyOctets),
    };
  }

  #stretch(algorithm: Authentication, password: string): Buffer {
    const known = this.#stretched.get(`${algorithm} ${password}`);
    if (known !== undefined) return known;
    this.stretches++;
    const key = createHash(algorithm).update(Buffer.alloc(STRETCHED_OCTETS, password)).digest();
    this.#stretched.set(`${algorithm} ${password}`, key);
    return key;
  }
}
