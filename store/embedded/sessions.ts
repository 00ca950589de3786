import type { SiteId } from '../../core/ids';
import type { Interval } from '../../core/intervals';
import { type AccountingEvent, closeSession, foldSession, isStopped, type Session } from '../../core/session';
import { type Millis, startOfHour } from '../../core/time';
import { credentialHash } from '../credentials';
import type { HourlyUsage, SessionStore } from '../store';
import { noteEnd } from './ends';
import type { Engine } from './engine';
import { grantById } from './grants';
import { sweep } from './sweep';
import { LAST, type SessionKey, type SessionRecord, sessionKey } from './tables';

type Added = Awaited<ReturnType<SessionStore['applyAccounting']>>;

/**
 * Running sessions by site. Kept in memory beside the table, because /metrics asks every few seconds: one pass over the
 * sessions when the store opens, then what each commit changes.
 */
export class RunningSessions {
  readonly #bySite = new Map<SiteId, number>();

  change(site: SiteId, by: number): void {
    if (by === 0) return;
    const count = (this.#bySite.get(site) ?? 0) + by;
    if (count > 0) this.#bySite.set(site, count);
    else this.#bySite.delete(site);
  }

  counts(): ReadonlyMap<SiteId, number> {
    return new Map(this.#bySite);
  }
}

export function countRunning({ tables: { sessions } }: Engine): RunningSessions {
  const running = new RunningSessions();
  for (const { value } of sessions.getRange()) if (runs(value)) running.change(value.site, 1);
  return running;
}

export function sessionStore(engine: Engine, running: RunningSessions): SessionStore {
  const { sessions } = engine.tables;
  return {
    applyAccounting: async (event) => {
      const { added, site, change } = await engine.write(() => apply(engine, event));
      running.change(site, change);
      return added;
    },
    closeSessionsOf: async (gateway, now) => {
      const closed = await engine.write(() =>
        [...sessions.getRange({ start: [gateway, ''], end: [gateway, LAST] })]
          .filter(({ value }) => runs(value))
          .map(({ key, value }) => close(engine, key, value, now)),
      );
      for (const site of closed) running.change(site, -1);
      return closed.length;
    },
    closeSilentSessions: async (silentSince, now) => {
      let count = 0;
      for await (const sites of sweep(engine, sessions, (key, record) =>
        runs(record) && record.lastSeenAt < silentSince ? close(engine, key, record, now) : undefined,
      )) {
        for (const site of sites) running.change(site, -1);
        count += sites.length;
      }
      return count;
    },
    getSession: (gateway, sessionId) =>
      engine.read(() => {
        const record = sessions.get(sessionKey(gateway, sessionId));
        return record === undefined ? undefined : toSession(record);
      }),
    countSessions: () => engine.read(() => running.counts()),
    siteUsage: (site, window) => engine.read(() => siteUsage(engine, site, window)),
  };
}

function runs(record: SessionRecord): boolean {
  return record.endedAt === undefined;
}

function apply(engine: Engine, event: AccountingEvent): { added: Added; site: SiteId; change: number } {
  const { sessions, grants } = engine.tables;
  const key = sessionKey(event.gateway, event.sessionId);
  const before = sessions.get(key);
  const { session, added } = foldSession(before && toSession(before), withGrant(engine, event, before));
  const octets = added.downloadOctets + added.uploadOctets;
  const grantId = event.grantId ?? session.grantId;
  const grant = octets === 0 || grantId === undefined ? undefined : grantById(engine, grantId);

  const after = toRecord(session, event.receivedAt);
  sessions.put(key, after);
  noteEnd(engine, key, after, event.receivedAt);
  addUsage(engine, session.site, event, added);
  if (grant !== undefined) {
    grants.put(grant.device, { ...grant.record, usedOctets: grant.record.usedOctets + octets });
  }
  const change = Number(runs(after)) - Number(before !== undefined && runs(before));
  return { added, site: session.site, change };
}

/** uspot does not return the grant's id; but the user name is that of a credential, which the store still knows then. */
function withGrant(engine: Engine, event: AccountingEvent, before?: SessionRecord): AccountingEvent {
  const { username, gateway } = event;
  if (event.grantId !== undefined || before?.grantId !== undefined || username === undefined) return event;
  if (grantById(engine, username) !== undefined) return { ...event, grantId: username };
  const redeemed = engine.tables.credentials.get(credentialHash(username));
  if (redeemed?.gateway !== gateway || !redeemed.used) return event;
  return { ...event, grantId: redeemed.grantId };
}

/** From its end on nothing in a session's record leads to its grant, and so to its device. */
function toRecord(session: Session, at: Millis): SessionRecord {
  if (!isStopped(session)) return session;
  const { grantId: _, username: __, ...rest } = session;
  return { ...rest, endedAt: at };
}

function toSession({ endedAt: _, ...session }: SessionRecord): Session {
  return session;
}

function close(engine: Engine, key: SessionKey, record: SessionRecord, now: Millis): SiteId {
  const closed = toRecord(closeSession(toSession(record), now), now);
  engine.tables.sessions.put(key, closed);
  noteEnd(engine, key, closed, now);
  return record.site;
}

/** The hour in which it happened; a gateway whose clock runs ahead cannot write into the future. */
function addUsage({ tables: { usage } }: Engine, site: SiteId, event: AccountingEvent, added: Added): void {
  if (added.sessions + added.seconds + added.downloadOctets + added.uploadOctets === 0) return;
  const key: [SiteId, Millis] = [site, startOfHour(Math.max(0, Math.min(event.eventAt, event.receivedAt)))];
  const before = usage.get(key);
  usage.put(key, {
    sessions: (before?.sessions ?? 0) + added.sessions,
    seconds: (before?.seconds ?? 0) + added.seconds,
    downloadOctets: (before?.downloadOctets ?? 0) + added.downloadOctets,
    uploadOctets: (before?.uploadOctets ?? 0) + added.uploadOctets,
  });
}

function siteUsage({ tables: { usage } }: Engine, site: SiteId, window: Interval): HourlyUsage[] {
  const range = usage.getRange({ start: [site, startOfHour(window.from)], end: [site, window.to] });
  return [...range].map(({ key: [, hour], value }) => ({ hour, ...value }));
}
