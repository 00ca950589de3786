import type { Grant } from '../../core/grant';
import { type GrantId, isWord } from '../../core/ids';
import { FieldReader, FieldWriter } from './fields';

/** A grant as it lies under the pseudonym of its device. A town may have a million, so it is kept short. */
export interface GrantRecord extends Grant {
  /** The day whose key made the pseudonym. */
  readonly day: string;
  /** What of its use is kept until the day is over. */
  readonly dayCount?: 'time' | 'volume';
  /** Under which hash its latest credential lies. */
  readonly credential?: Buffer;
}

const ID_OCTETS = 16;
const CREDENTIAL_OCTETS = 32;
/** What not every grant has, one bit each. */
const HAS_CREDENTIAL = 1;
const COUNTS_TIME = 2;
const COUNTS_VOLUME = 4;

/** The octets of a grant's id; undefined if it cannot be one of ours. */
export function grantIdOctets(id: GrantId): Buffer | undefined {
  return isWord(id) ? Buffer.from(id, 'base64url') : undefined;
}

function dayBit(dayCount: GrantRecord['dayCount']): number {
  return dayCount === undefined ? 0 : dayCount === 'time' ? COUNTS_TIME : COUNTS_VOLUME;
}

function dayCountOf(has: number): GrantRecord['dayCount'] {
  if ((has & COUNTS_TIME) !== 0) return 'time';
  return (has & COUNTS_VOLUME) !== 0 ? 'volume' : undefined;
}

export const grantCodec = {
  encode(grant: GrantRecord): Buffer {
    const writer = new FieldWriter()
      .octet((grant.credential === undefined ? 0 : HAS_CREDENTIAL) | dayBit(grant.dayCount))
      .raw(Buffer.from(grant.id, 'base64url'))
      .number(grant.acceptedAt)
      .number(grant.expiresAt)
      .number(grant.usedOctets)
      .text(grant.site)
      .text(grant.gateway)
      .text(grant.termsVersion)
      .text(grant.day);
    return (grant.credential === undefined ? writer : writer.raw(grant.credential)).end();
  },

  decode(octets: Buffer): GrantRecord {
    const reader = new FieldReader(octets);
    const has = reader.octet();
    const grant = {
      id: reader.word(ID_OCTETS),
      acceptedAt: reader.number(),
      expiresAt: reader.number(),
      usedOctets: reader.number(),
      site: reader.text(),
      gateway: reader.text(),
      termsVersion: reader.text(),
      day: reader.text(),
    };
    const credential = (has & HAS_CREDENTIAL) === 0 ? undefined : reader.raw(CREDENTIAL_OCTETS);
    return completed(grant, dayCountOf(has), credential);
  },
};

/** With what not every grant has; first, because V8 is slow with what is added to an object after a spread. */
function completed(
  grant: GrantRecord,
  dayCount: GrantRecord['dayCount'],
  credential: GrantRecord['credential'],
): GrantRecord {
  if (credential === undefined) return dayCount === undefined ? grant : { dayCount, ...grant };
  return dayCount === undefined ? { credential, ...grant } : { dayCount, credential, ...grant };
}
