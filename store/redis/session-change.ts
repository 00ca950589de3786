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

export function toSession({ endedAt: _, owed: __, stretch: ___, ...session }: SessionRecord): Session {
  return session;
}

/** Writes a session and everything by which it is found. @returns what will lie there */
export function writeSession(
  change: Change,
  of: GatewayKeys,
  before: { readonly lying: string | null; readonly record: SessionRecord | undefined },
  after: SessionRecord,
): string {
  const name = sessionName(after.gateway, after.sessionId);
  const ran = before.record !== undefined && runs(before.record);
  const ofSite = `${after.site}\0${name}`;
  const text = encode(after);
  change.expect(of.sessions, name, before.lying).write('HSET', of.sessions, name, text);
  if (runs(after)) {
    change.write('ZADD', of.running, after.lastSeenAt, name);
    if (ran) return text;
    change
      .write('ZADD', of.runningByName, 0, name)
      .write('ZADD', of.runningBySite, 0, ofSite)
      .write('HINCRBY', of.runningCount, after.site, 1)
      .write('ZREM', of.ended, name);
    return text;
  }
  change.write('ZADD', of.ended, after.endedAt ?? 0, name);
  if (!ran) return text;
  change
    .write('ZREM', of.running, name)
    .write('ZREM', of.runningByName, name)
    .write('ZREM', of.runningBySite, ofSite)
    .write('HINCRBY', of.runningCount, after.site, -1);
  return text;
}
