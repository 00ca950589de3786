import { type Database, open, type RootDatabase } from 'lmdb';
import type { Exam } from '../../core/exam';
import type { ApId, GatewayId, GrantId, SiteId } from '../../core/ids';
import type { MaintenanceWindow } from '../../core/maintenance';
import type { Audit } from '../../core/records';
import type { Usage } from '../../core/session';
import type { EndOrder } from '../../core/session-end';
import type { Millis } from '../../core/time';
import type { Pseudonym } from '../pseudonyms';
import type { DayUseRecord } from './day-use';
import { storeForeign } from './faults';
import type { FeedbackRecord } from './feedback';
import { type GrantRecord, grantCodec } from './grant-record';
import { type HealthRecord, healthCodec, type OutageRecord, outageCodec } from './health-record';
import { type SessionKey, type SessionRecord, sessionCodec } from './session-record';

export interface CredentialRecord {
  readonly grantId: GrantId;
  readonly gateway: GatewayId;
  readonly expiresAt: Millis;
  readonly used: boolean;
  /** By which request, if it may be repeated. */
  readonly usedBy?: string;
}

export interface UsageRecord extends Usage {
  readonly sessions: number;
}

/** Where what is kept. Values are MessagePack unless said; keys sort as the columns are written. */
export interface Tables {
  readonly root: RootDatabase<unknown, string>;
  /** `schema`, `key-check`, `filling`, `watched-until`, `probe`, `audit`. */
  readonly meta: Database<string | number | Buffer | Audit, string>;
  /** For each key of pseudonyms, when the last grant made under it expires. The keys themselves lie in files. */
  readonly keyExpiry: Database<Millis, [site: SiteId, day: string]>;
  /** The grant that was made last for a pseudonym, in the form of `grantCodec`. */
  readonly grants: Database<GrantRecord, Pseudonym>;
  /** From the octets of a grant's id to the pseudonym under which it lies. */
  readonly grantDevices: Database<Pseudonym, Buffer>;
  /** By `credentialPlace`: when it was issued, and a hash of the user name. */
  readonly credentials: Database<CredentialRecord, Buffer>;
  /** By hour and version, without language; and by month and language, without version. */
  readonly acceptances: Database<number, [site: SiteId, hour: Millis, termsVersion: string, language: string]>;
  /** In the form of `sessionCodec`. */
  readonly sessions: Database<SessionRecord, SessionKey>;
  /** Orders to end sessions. */
  readonly ends: Database<EndOrder, SessionKey>;
  readonly usage: Database<UsageRecord, [site: SiteId, hour: Millis]>;
  /** In the form of `healthCodec`. */
  readonly health: Database<HealthRecord, ApId>;
  readonly exams: Database<Exam, SiteId>;
  readonly dayUse: Database<DayUseRecord, Pseudonym>;
  /** By the reference of the entry. */
  readonly feedback: Database<FeedbackRecord, string>;
  /** In the form of `outageCodec`. */
  readonly outages: Database<OutageRecord, [ap: ApId, from: Millis]>;
  /** By the id of the window. */
  readonly maintenance: Database<MaintenanceWindow, string>;
  /** The end of each stretch in which no controller watched. */
  readonly unwatched: Database<Millis, Millis>;
}

/** Comes after every word of a key. */
export const LAST = '\u{10ffff}';

/**
 * How much address space the files may take before they are mapped anew. Small, as lmdb-js would begin, every growth
 * leaves the former map behind, and its pages in the resident set. Nothing is allocated for it.
 */
const MAP_OCTETS = 2 ** 36;

/**
 * Opens the files. `overlappingSync: false`: a commit resolves after fdatasync and the write of the new root, and
 * rejects when either fails. With lmdb-js' default, `flushed` would never settle after a failed sync.
 * `eventTurnBatching: false`: with it, a failed commit also rejects a promise that nobody holds, which ends the process.
 */
export function openTables(folder: string): Tables {
  const root = open<unknown, string>({
    path: folder,
    noSubdir: false,
    maxDbs: 32,
    mapSize: MAP_OCTETS,
    overlappingSync: false,
    eventTurnBatching: false,
  });
  const names = [...root.getKeys()];
  if (names.length > 0 && !names.includes('meta')) throw storeForeign(folder);
  const plain = { encoding: 'msgpack', useRecords: false } as const;
  const octets = { ...plain, keyEncoding: 'binary' } as const;
  const grantOptions = { keyEncoding: 'binary', encoder: grantCodec } as const;
  const healthOptions = { keyEncoding: 'ordered-binary', encoder: healthCodec } as const;
  const outageOptions = { keyEncoding: 'ordered-binary', encoder: outageCodec } as const;
  const sessionOptions = { keyEncoding: 'binary', encoder: sessionCodec } as const;
  return {
    root,
    meta: root.openDB('meta', plain),
    keyExpiry: root.openDB('key-expiry', plain),
    grants: root.openDB('device-grants', grantOptions),
    grantDevices: root.openDB('grant-devices', { encoding: 'binary', keyEncoding: 'binary' }),
    credentials: root.openDB('credentials', octets),
    acceptances: root.openDB('acceptances', plain),
    sessions: root.openDB('gateway-sessions', sessionOptions),
    ends: root.openDB('session-ends', octets),
    usage: root.openDB('usage', plain),
    health: root.openDB('ap-health', healthOptions),
    exams: root.openDB('exams', plain),
    dayUse: root.openDB('day-use', octets),
    feedback: root.openDB('feedback', plain),
    outages: root.openDB('ap-outages', outageOptions),
    maintenance: root.openDB('maintenance', plain),
    unwatched: root.openDB('unwatched', plain),
  };
}
