import { createHmac, timingSafeEqual } from 'node:crypto';
import { deriveKey } from './derive-key';

/**
 * The word in the address by which a school switches exam mode. It follows from the configuration's `key`, so it lies
 * nowhere; another number makes it another word.
 */
export function schoolWord(townKey: string, site: string, number: number): string {
  const key = deriveKey(townKey, 'school-links');
  return createHmac('sha256', key).update(`${site} ${number}`).digest().subarray(0, 16).toString('base64url');
}

export function isSchoolWord(given: string, townKey: string, site: string, number: number): boolean {
  const expected = Buffer.from(schoolWord(townKey, site, number));
  const said = Buffer.from(given);
  return said.length === expected.length && timingSafeEqual(said, expected);
}
