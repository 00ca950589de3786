import { createHash, createHmac } from 'node:crypto';

/**
 * RADIUS is built on MD5 (RFC 2865, RFC 3579). It appears in this file only, so that it can be exchanged for a faster
 * one, or for one that works where OpenSSL refuses MD5.
 */
export function md5(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** HMAC-MD5 (RFC 2104) of the parts, one after the other. */
export function hmacMd5(key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer {
  const hmac = createHmac('md5', key);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}
