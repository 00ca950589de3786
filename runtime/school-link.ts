import { createHmac, timingSafeEqual } from 'node:crypto';
import { deriveKey } from './derive-key';

/**
 * The word in the address by which a school switches exam mode. It follows from the configuration's `key`, so it lies
 * nowhere; another number makes it another word.
 */
export function schoolWord(townKey: string, site: string, number: number): string {
  return word(deriveKey(townKey, 'school-links'), site, number);
}

/** The word in the address of a status page that is not public; made like that, and worth nothing there. */
export function statusWord(townKey: string, site: string, number: number): string {
  return word(deriveKey(townKey, 'status-links'), site, number);
}

function word(key: Uint8Array, site: string, number: number): string {
  return createHmac('sha256', key).update(`${site} ${number}`).digest().subarray(0, 16).toString('base64url');
}

export function isSchoolWord(given: string, townKey: string, site: string, number: number): boolean {
  return isSame(given, schoolWord(townKey, site, number));
}

export function isStatusWord(given: string, townKey: string, site: string, number: number): boolean {
  return isSame(given, statusWord(townKey, site, number));
}

function isSame(given: string, word: string): boolean {
  const expected = Buffer.from(word);
  const said = Buffer.from(given);
  return said.length === expected.length && timingSafeEqual(said, expected);
}
