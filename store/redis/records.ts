import type { Grant } from '../../core/grant';
import type { GatewayId, GrantId } from '../../core/ids';
import type { Session } from '../../core/session';
import type { Millis } from '../../core/time';

/** A grant without its octets, which lie beside it. */
export interface GrantRecord extends Omit<Grant, 'usedOctets'> {
  /** The day whose key made the pseudonym. */
  readonly day: string;
  /** What of its use is kept until the day is over. */
  readonly dayCount?: 'time' | 'volume';
  /** Under which hash its latest credential lies. */
  readonly credential?: string;
}

export interface CredentialRecord {
  readonly grantId: GrantId;
  readonly gateway: GatewayId;
  readonly expiresAt: Millis;
}

export interface SessionRecord extends Session {
  /** When the last packet of a session that is over came, or when we closed it. Missing while it runs. */
  readonly endedAt?: Millis;
  /** Octets for the grant, which lies in another slot; added there once, however often that is asked. */
  readonly owed?: Owed;
  /**
   * Which stretch it is in which octets are owed: when the first one began, and one more for each since. A session that
   * uses the id of one long forgotten so gets numbers that no other had, and its grant tells them apart.
   */
  readonly stretch?: number;
}

/** All octets of one stretch of a session for one grant. */
export interface Owed {
  readonly grantId: GrantId;
  readonly octets: number;
}

/** Records are JSON: it keeps every number as it is, and a person can read it with redis-cli. */
export function encode(record: object): string {
  return JSON.stringify(record);
}

/** What `encode` wrote. */
export function decode<T>(text: string): T {
  return JSON.parse(text);
}

/** The same of what may be missing. */
export function decodeIf<T>(text: string | null | undefined): T | undefined {
  return text === null || text === undefined ? undefined : decode<T>(text);
}

/** The name of a session: sessions of a gateway stand together when sorted. */
export function sessionName(gateway: GatewayId, sessionId: string): string {
  const name = `${gateway}\0${sessionId}`;
  if (Buffer.byteLength(name) > MOST_OCTETS) throw new RangeError('a session id is too long to be kept');
  return name;
}

/** RADIUS carries no more than 253; openNDS is given its ids by us. */
const MOST_OCTETS = 1_000;

/** By gateway, then by the octets of the id. */
export function byName(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
