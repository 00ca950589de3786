import type { Session } from '../../core/session';
import { isStopped } from '../../core/session';
import type { Millis } from '../../core/time';
import type { Change } from './change';
import type { GatewayKeys } from './keys';
import { encode, type SessionRecord, sessionName } from './records';

export function runs(record: SessionRecord): boolean {
  return record.endedAt === undefined;
}

/** From its end on nothing in a session's record leads to its grant, and so to its device. */
export function toRecord(session: Session, at: Millis): SessionRecord {
  if (!isStopped(session)) return session;
  const { grantId: _, username: __, ...rest } = session;
  return { ...rest, endedAt: at };
}

export function toSession(record: SessionRecord): Session {
  // The usual one has nothing to leave out, and a copy costs as much as folding does.
  if (record.endedAt === undefined && record.owed === undefined && record.stretch === undefined) return record;
  const { endedAt: _, owed: __, stretch: ___, ...session } = record;
  return session;
}

type List = 'running' | 'runningByName' | 'runningBySite' | 'ended';

/** What becomes of the lists by which a session is found. */
export interface Listing {
  readonly enters: readonly (readonly [list: List, score: number, member: string])[];
  readonly leaves: readonly (readonly [list: List, member: string])[];
  /** By how many more sessions of its site run. */
  readonly more: -1 | 0 | 1;
}

/** @returns undefined if the session goes on: it stays where it is, and when it was heard of last is in its record */
export function listingOf(name: string, before: SessionRecord | undefined, after: SessionRecord): Listing | undefined {
  const ran = before !== undefined && runs(before);
  if (ran && runs(after)) return undefined;
  const ofSite = `${after.site}\0${name}`;
  if (runs(after)) {
    return {
      enters: [
        ['running', after.lastSeenAt, name],
        ['runningByName', 0, name],
        ['runningBySite', 0, ofSite],
      ],
      leaves: before === undefined ? [] : [['ended', name]],
      more: 1,
    };
  }
  const left: Listing['leaves'] = [
    ['running', name],
    ['runningByName', name],
    ['runningBySite', ofSite],
  ];
  return { enters: [['ended', after.endedAt ?? 0, name]], leaves: ran ? left : [], more: ran ? -1 : 0 };
}

const AS_BEFORE: Listing = { enters: [], leaves: [], more: 0 };

/** Writes a session and everything by which it is found. */
export function writeSession(
  change: Change,
  of: GatewayKeys,
  before: { readonly lying: string | null; readonly record: SessionRecord | undefined },
  after: SessionRecord,
): void {
  const name = sessionName(after.gateway, after.sessionId);
  change.expect(of.sessions, name, before.lying).write('HSET', of.sessions, name, encode(after));
  const { enters, leaves, more } = listingOf(name, before.record, after) ?? AS_BEFORE;
  for (const [list, ...values] of enters) change.write('ZADD', of[list], ...values);
  for (const [list, member] of leaves) change.write('ZREM', of[list], member);
  if (more !== 0) change.write('HINCRBY', of.runningCount, after.site, more);
}
