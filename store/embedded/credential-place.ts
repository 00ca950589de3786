import type { Millis } from '../../core/time';
import type { Random } from '../../runtime/random';
import { credentialHash } from '../credentials';
import type { Engine } from './engine';
import type { CredentialRecord } from './tables';

const MOMENT_OCTETS = 4;
/** In the characters of a user name. */
const MOMENT_CHARACTERS = Math.ceil((MOMENT_OCTETS * 4) / 3);
const WORD_OCTETS = 16;

/**
 * A user name that nobody can guess: the moment, then 96 random bits. By that moment credentials lie in order, so that
 * those of one commit share a few pages; at random places each would have a page of its own copied, written and synced.
 * It tells nothing that the record beside it does not hold.
 */
export function drawUsername(random: Random, now: Millis): string {
  const octets = random.bytes(WORD_OCTETS);
  octets.writeUInt32BE(Math.floor(now) % 2 ** (8 * MOMENT_OCTETS));
  return octets.toString('base64url');
}

/** Where a credential lies: its moment, then what is left of the hash of its user name. */
export function credentialPlace(username: string): Buffer {
  const place = credentialHash(username);
  place.write(username.slice(0, MOMENT_CHARACTERS), 0, MOMENT_OCTETS, 'base64url');
  return place;
}

/** The credential of this user name, if it was redeemed and still lives. */
export function redeemed(engine: Engine, username: string, now: Millis): CredentialRecord | undefined {
  const issued = findCredential(engine, username)?.issued;
  return issued?.used === true && now < issued.expiresAt ? issued : undefined;
}

/** The credential of this user name, and where it lies. */
export function findCredential(
  { tables: { credentials } }: Engine,
  username: string,
): { readonly place: Buffer; readonly issued: CredentialRecord } | undefined {
  const place = credentialPlace(username);
  const issued = credentials.get(place);
  if (issued !== undefined) return { place, issued };
  // One that was issued before an update lies under the whole hash, for the two minutes of its life.
  const formerPlace = credentialHash(username);
  const former = credentials.get(formerPlace);
  return former && { place: formerPlace, issued: former };
}
