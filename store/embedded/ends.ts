import type { GrantId } from '../../core/ids';
import {
  type EndOrder,
  type EndScope,
  isOver,
  KEEP_OUT_AFTER_MS,
  type LimitsScope,
  type SessionName,
} from '../../core/session-end';
import type { Millis } from '../../core/time';
import type { EndStore } from '../store';
import type { Engine } from './engine';
import type { GrantRecord } from './grant-record';
import { grantById, removeGrant } from './grants';
import { type SessionKey, type SessionRecord, sessionKey } from './session-record';
import { sweep } from './sweep';

export function endStore(engine: Engine): EndStore {
  const { ends } = engine.tables;
  const change = (session: SessionName & Pick<EndOrder, 'kind'>, next: (order: EndOrder) => EndOrder): Promise<void> =>
    engine.write(() => {
      const key = sessionKey(session.gateway, session.sessionId);
      const order = ends.get(key);
      if (order !== undefined && order.settled === undefined && order.kind === session.kind) ends.put(key, next(order));
    });
  return {
    orderEnd: async (scope, now) => {
      const ended = await endGrants(engine, scope, now);
      const { size } = ended;
      const { grants, sessions } = await orderSessions(engine, scope, ended, now);
      return { grants: size + grants, sessions };
    },
    orderLimits: (scope, now) => orderLimits(engine, scope, now),
    takeDueEnds: async (now, limit, until, gateways) => {
      const isDue = ({ settled, dueAt, gateway }: EndOrder): boolean =>
        settled === undefined && dueAt <= now && (gateways === undefined || gateways.has(gateway));
      const anyIsDue = await engine.read(() => [...ends.getRange()].some(({ value }) => isDue(value)));
      return anyIsDue ? engine.write(() => takeDue(engine, isDue, limit, until)) : [];
    },
    settleEnd: (session, result, now) =>
      change(session, ({ username: _, ...order }) => ({ ...order, settled: { at: now, result } })),
    deferEnd: (session, dueAt) => change(session, (order) => ({ ...order, dueAt })),
    getEnd: ({ gateway, sessionId }) => engine.read(() => ends.get(sessionKey(gateway, sessionId))),
  };
}

function takeDue(
  { tables: { ends } }: Engine,
  isDue: (order: EndOrder) => boolean,
  limit: number,
  until: Millis,
): EndOrder[] {
  const due = [...ends.getRange()].filter(({ value }) => isDue(value)).sort((a, b) => a.value.dueAt - b.value.dueAt);
  return due.slice(0, limit).map(({ key, value }) => {
    const taken = { ...value, dueAt: until, tries: value.tries + 1 };
    ends.put(key, taken);
    return taken;
  });
}

/** In chunks: a site may have a great many, and other operations get their turn in between. */
async function endGrants(engine: Engine, scope: EndScope, now: Millis): Promise<Set<GrantId>> {
  const { grants } = engine.tables;
  if ('grant' in scope) {
    const ended = await engine.write(() => endGrant(engine, scope.grant, now));
    return new Set(ended === 1 ? [scope.grant] : []);
  }
  const isMeant = (grant: GrantRecord): boolean =>
    'site' in scope
      ? grant.site === scope.site && grant.acceptedAt < (scope.acceptedBefore ?? Number.POSITIVE_INFINITY)
      : grant.gateway === scope.gateway;
  const all = new Set<GrantId>();
  for await (const ended of sweep(engine, grants, (device, record) => {
    if (!isMeant(record)) return undefined;
    removeGrant(engine, { device, record }, now);
    return record.id;
  })) {
    for (const id of ended) all.add(id);
  }
  return all;
}

function endGrant(engine: Engine, id: GrantId, now: Millis): 0 | 1 {
  const kept = grantById(engine, id);
  if (kept === undefined) return 0;
  removeGrant(engine, kept, now);
  return 1;
}

/** @param older  grants that are known to have been accepted before the moment of the scope; more are added */
async function orderSessions(
  engine: Engine,
  scope: EndScope,
  older: Set<GrantId>,
  now: Millis,
): Promise<{ grants: number; sessions: SessionName[] }> {
  const isMeant = (session: SessionRecord): boolean => {
    if (session.endedAt !== undefined) return false;
    if ('grant' in scope) return session.grantId === scope.grant;
    if ('gateway' in scope) return session.gateway === scope.gateway;
    return session.site === scope.site && isOlder(engine, session, older, scope.acceptedBefore);
  };
  const sessions: SessionName[] = [];
  let grants = 0;
  for await (const ordered of sweep(engine, engine.tables.sessions, (key, session) =>
    isMeant(session) ? order(engine, key, session, now) : undefined,
  )) {
    for (const { name, endedGrants } of ordered) {
      sessions.push(name);
      grants += endedGrants;
    }
  }
  return { grants, sessions };
}

/**
 * Of a session whose grant is not known, or gone for long, its own start says how old it is.
 * @param older  as `orderSessions`: a grant of another site ends with the first session under it, and is not found again
 */
function isOlder(
  engine: Engine,
  { grantId, segments }: SessionRecord,
  older: Set<GrantId>,
  moment: Millis | undefined,
): boolean {
  if (moment === undefined) return true;
  const kept = grantId === undefined ? undefined : grantById(engine, grantId);
  // One that is left was accepted since, or at another site.
  if (kept !== undefined && kept.record.acceptedAt < moment) older.add(kept.record.id);
  if (grantId !== undefined && older.has(grantId)) return true;
  return (kept?.record.acceptedAt ?? segments[0]?.start ?? 0) < moment;
}

async function orderLimits(engine: Engine, scope: LimitsScope, now: Millis): Promise<SessionName[]> {
  const { ends, sessions } = engine.tables;
  const isMeant = ({ endedAt, site, gateway }: SessionRecord): boolean =>
    endedAt === undefined && ('site' in scope ? site === scope.site : gateway === scope.gateway);
  const ordered: SessionName[] = [];
  for await (const names of sweep(engine, sessions, (key, session) => {
    const before = ends.get(key);
    if (!isMeant(session) || (before !== undefined && before.settled === undefined && before.kind === undefined)) {
      return undefined;
    }
    const { gateway, sessionId, site, username } = session;
    const called = { gateway, sessionId, site, ...(username !== undefined && { username }) };
    ends.put(key, { ...called, kind: 'limits', orderedAt: now, dueAt: now, tries: 0 });
    return { gateway, sessionId };
  })) {
    ordered.push(...names);
  }
  return ordered;
}

function order(engine: Engine, key: SessionKey, session: SessionRecord, now: Millis) {
  const { ends } = engine.tables;
  const { gateway, sessionId, site, username, grantId } = session;
  // The grant may have been made through another gateway.
  const endedGrants = grantId === undefined ? 0 : endGrant(engine, grantId, now);
  const before = ends.get(key);
  if (before === undefined || before.settled !== undefined || before.kind !== undefined) {
    const called = { gateway, sessionId, site, ...(username !== undefined && { username }) };
    ends.put(key, { ...called, orderedAt: now, dueAt: now, tries: 0 });
  }
  return { name: { gateway, sessionId }, endedGrants };
}

/**
 * What accounting tells of a session whose end was ordered. To be called inside a writing operation.
 * @param session  its record, as it is from now on
 */
export function noteEnd(engine: Engine, key: SessionKey, session: SessionRecord, at: Millis): void {
  const { ends } = engine.tables;
  const order = ends.get(key);
  if (order === undefined) return;
  const { username: _, settled, ...rest } = order;
  if (session.endedAt !== undefined) {
    if (settled?.result !== 'done') ends.put(key, { ...rest, settled: { at, result: 'done' } });
    return;
  }
  if (settled === undefined || rest.kind !== undefined || !isOver(settled.result)) return;
  if (session.grantId !== undefined && grantById(engine, session.grantId) !== undefined) {
    ends.remove(key);
    return;
  }
  const { username } = session;
  const dueAt = Math.max(at, order.orderedAt + KEEP_OUT_AFTER_MS);
  ends.put(key, { ...rest, ...(username !== undefined && { username }), dueAt, tries: 0 });
}
