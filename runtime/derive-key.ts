import { hkdfSync } from 'node:crypto';

/**
 * An independent key of 32 octets for one purpose, derived from the configuration's `key` (HKDF-SHA-256, RFC 5869).
 * @param purpose  a fixed word; keys for different purposes tell nothing about one another
 */
export function deriveKey(townKey: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', townKey, '', `stadtfunk ${purpose}`, 32));
}
