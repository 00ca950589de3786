import type { SiteId } from '../../core/ids';
import type { Interval } from '../../core/intervals';
import { closeSession, isHeardOfSince } from '../../core/session';
import { type Millis, startOfHour } from '../../core/time';
import type { HourlyUsage, SessionStore } from '../store';
import { AccountingGroups } from './accounting';
import { noteEnd } from './ends';
import type { Engine } from './engine';
import { type RunningSessions, runs, toRecord, toSession } from './running';
import { type SessionKey, type SessionRecord, sessionKey, sessionKeysOf } from './session-record';
import { sweep } from './sweep';

export function sessionStore(engine: Engine, running: RunningSessions): SessionStore {
  const { sessions } = engine.tables;
  const groups = new AccountingGroups(engine, running);
  return {
    applyAccounting: (event) => groups.apply(event),
    closeSessionsOf: async (gateway, at, now) => {
      const closed = await engine.write(() =>
        [...sessions.getRange(sessionKeysOf(gateway))]
          .filter(({ value }) => runs(value) && !isHeardOfSince(value, at))
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

function close(engine: Engine, key: SessionKey, record: SessionRecord, now: Millis): SiteId {
  const closed = toRecord(closeSession(toSession(record), now), now);
  engine.tables.sessions.put(key, closed);
  noteEnd(engine, key, closed, now);
  return record.site;
}

function siteUsage({ tables: { usage } }: Engine, site: SiteId, window: Interval): HourlyUsage[] {
  const range = usage.getRange({ start: [site, startOfHour(window.from)], end: [site, window.to] });
  return [...range].map(({ key: [, hour], value }) => ({ hour, ...value }));
}
