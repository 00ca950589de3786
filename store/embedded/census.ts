import type { Database, Key } from 'lmdb';
import { CREDENTIAL_LIFETIME_MS } from '../../core/grant';
import type { Interval } from '../../core/intervals';
import { timeOf } from '../../core/maintenance';
import { dayOf } from '../../core/pseudonym';
import { type Audit, type Census, CensusTaker, type RecordLife, type RecordName } from '../../core/records';
import { SESSION_SILENCE_MS } from '../../core/session';
import { HOUR, type Millis } from '../../core/time';
import type { AuditStore } from '../store';
import { chunks } from './chunks';
import type { Engine } from './engine';
import type { Keyring } from './keyring';
import type { Tables } from './tables';

/**
 * To which class of record each table belongs, what the columns of its key are called there, and what a value that is no
 * object is. A table that is missing here does not compile; test/privacy holds the fields to their declaration.
 */
export const TABLE_RECORDS = {
  meta: { of: 'mark', key: [] },
  keyExpiry: { of: 'pseudonym-key', key: ['site', 'day'], value: 'lastExpiry' },
  grants: { of: 'grant', key: ['device'] },
  grantDevices: { of: 'grant', key: ['id'], value: 'device' },
  credentials: { of: 'credential', key: ['hash'] },
  acceptances: { of: 'acceptance-count', key: ['site', 'hour', 'termsVersion', 'language'], value: 'count' },
  // Their key consists of two of their fields.
  sessions: { of: 'session', key: [] },
  ends: { of: 'end-order', key: [] },
  usage: { of: 'usage-total', key: ['site', 'hour'] },
  health: { of: 'health', key: ['ap'] },
  exams: { of: 'exam', key: [] },
  dayUse: { of: 'day-use', key: ['device'] },
  feedback: { of: 'feedback', key: ['reference'] },
  outages: { of: 'outage', key: ['ap', 'from'] },
  maintenance: { of: 'maintenance', key: [] },
  unwatched: { of: 'unwatched', key: ['from'], value: 'to' },
} as const satisfies Record<Exclude<keyof Tables, 'root'>, { of: RecordName; key: readonly string[]; value?: string }>;

/** Who is not told an order within an hour has a gateway that is gone. */
const UNSETTLED_MS = HOUR;

export function auditStore(engine: Engine, keyring: Keyring, timeZone: string): AuditStore {
  const { meta } = engine.tables;
  return {
    census: (now) => census(engine, keyring, timeZone, now),
    putAudit: (audit) =>
      engine.write(() => {
        meta.put('audit', audit);
      }),
    lastAudit: () =>
      engine.read(() => {
        const audit = meta.get('audit');
        return isAudit(audit) ? audit : undefined;
      }),
  };
}

function isAudit(mark: ReturnType<Tables['meta']['get']>): mark is Audit {
  return typeof mark === 'object' && 'overdue' in mark;
}

/** Each class by its own times, not by what `forget` reckons with: an audit that shares its mistakes finds none. */
async function census(engine: Engine, keyring: Keyring, timeZone: string, now: Millis): Promise<Census> {
  const { tables } = engine;
  const taker = new CensusTaker(now);
  const count = <V, K extends Key>(name: RecordName, table: Database<V, K>, life: (value: V, key: K) => RecordLife) =>
    pass(engine, table, (value, key) => taker.add(name, life(value, key)));
  const hour = (from: Millis): RecordLife => ({ since: from, over: from + HOUR });

  await count('grant', tables.grants, ({ acceptedAt, expiresAt }) => ({ since: acceptedAt, over: expiresAt }));
  // Leads from an id to a device: without its grant it has no purpose at all.
  await pass(engine, tables.grantDevices, (device, id) => {
    const isNeeded = tables.grants.get(device)?.id === id.toString('base64url');
    if (!isNeeded) taker.add('grant', { since: now, over: 0 });
  });
  await count('credential', tables.credentials, ({ expiresAt }) => {
    return { since: expiresAt - CREDENTIAL_LIFETIME_MS, over: expiresAt };
  });
  await count('session', tables.sessions, ({ endedAt, lastSeenAt, segments }) => {
    return { since: segments[0]?.start ?? lastSeenAt, over: endedAt ?? lastSeenAt + SESSION_SILENCE_MS };
  });
  await count('end-order', tables.ends, ({ orderedAt, settled }) => {
    return { since: orderedAt, over: settled?.at ?? orderedAt + UNSETTLED_MS };
  });
  await count('day-use', tables.dayUse, ({ day }) => asLife(dayOf(day, timeZone)));
  await count('feedback', tables.feedback, ({ receivedAt, doneAt }) => ({ since: receivedAt, over: doneAt }));
  await count('acceptance-count', tables.acceptances, (_, [, from]) => hour(from));
  await count('usage-total', tables.usage, (_, [, from]) => hour(from));
  await count('health', tables.health, ({ health, firstSeenAt = health.since }) => {
    return { since: firstSeenAt, over: health.state === 'unknown' ? health.since : undefined };
  });
  await count('outage', tables.outages, ({ to }, [, from]) => ({ since: from, over: to }));
  await count('unwatched', tables.unwatched, (to) => ({ since: to, over: to }));
  await count('maintenance', tables.maintenance, (window) => asLife(timeOf(window)));
  await count('exam', tables.exams, ({ until }) => ({ since: now, over: until }));
  await countKeys(taker, engine, keyring, timeZone);
  return taker.take();
}

/** The keys as their files lie there, and what is noted about one whose file is gone. */
async function countKeys(taker: CensusTaker, engine: Engine, keyring: Keyring, timeZone: string): Promise<void> {
  const noted = new Map<string, Millis>();
  await pass(engine, engine.tables.keyExpiry, (lastExpiry, [site, day]) => noted.set(`${day}.${site}`, lastExpiry));
  const lying = (await keyring.files()).map(({ site, day }) => `${day}.${site}`);
  for (const name of new Set([...lying, ...noted.keys()])) {
    const { from, to } = dayOf(name.slice(0, name.indexOf('.')), timeZone);
    taker.add('pseudonym-key', { since: from, over: Math.max(to, noted.get(name) ?? 0) });
  }
}

function asLife({ from, to }: Interval): RecordLife {
  return { since: from, over: to };
}

/** Looks at every record of a table. */
async function pass<V, K extends Key>(engine: Engine, table: Database<V, K>, visit: (value: V, key: K) => void) {
  for await (const chunk of chunks(engine, table)) for (const { key, value } of chunk) visit(value, key);
}
