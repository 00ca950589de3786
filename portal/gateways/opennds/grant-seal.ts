import { createHmac, timingSafeEqual } from 'node:crypto';
import { type GrantId, isWord } from '../../../core/ids';

/**
 * Which grant a session belongs to, as `custom` carries it through openNDS: base64 and nothing else, because authmon
 * passes it to a shell. Sealed with the faskey, because the visitor's browser may change it on the way.
 */
export function sealGrant(grant: GrantId, faskey: string): string {
  return Buffer.from(`${grant}.${signature(grant, faskey)}`).toString('base64');
}

/** The grant, or undefined if we did not write this. openNDS hands base64 on as it came, or with its signs escaped. */
export function openGrant(custom: string, faskey: string): GrantId | undefined {
  const text = Buffer.from(custom.replaceAll(/%3d/gi, '').replaceAll(/%2b/gi, '+').replaceAll(/%2f/gi, '/'), 'base64');
  const [grant = '', given = ''] = text.toString('latin1').split('.');
  if (!isWord(grant)) return undefined;
  const expected = Buffer.from(signature(grant, faskey));
  const seen = Buffer.from(given);
  return seen.length === expected.length && timingSafeEqual(seen, expected) ? grant : undefined;
}

/** 96 bits are plenty for the length of a session. */
function signature(grant: GrantId, faskey: string): string {
  return createHmac('sha256', faskey).update(`grant ${grant}`).digest('base64url').slice(0, 16);
}
