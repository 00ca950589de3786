import type { GrantId } from '../../core/ids';
import type { EndOrder, EndScope, LimitsScope, SessionName } from '../../core/session-end';
import type { Millis } from '../../core/time';
import type { EndStore } from '../store';
import { lyingOf } from './accounting';
import { Change } from './change';
import { CHANGED, type Client, type Engine } from './engine';
import { type GrantPlace, grantById, placeOf, removeGrant } from './kept-grant';
import { ALL_SHARES, beginningWith, entryOctets } from './keys';
import { writeOrder } from './orders';
import { byName, decodeIf, type GrantRecord, type SessionRecord, sessionName } from './records';
import { runs } from './session-change';

export function endStore(engine: Engine): EndStore {
  const { keys } = engine;
  const change = (session: SessionName & Pick<EndOrder, 'kind'>, next: (order: EndOrder) => EndOrder): Promise<void> =>
    engine.operation((redis) =>
      engine.decide(async () => {
        const of = keys.gateway(session.gateway);
        const name = sessionName(session.gateway, session.sessionId);
        const lying = await redis.hget(of.orders, name);
        const order = decodeIf<EndOrder>(lying);
        if (order === undefined || order.settled !== undefined || order.kind !== session.kind) return undefined;
        const change = new Change();
        writeOrder(change, of, name, lying, next(order));
        return (await engine.commit(change)) ? undefined : CHANGED;
      }),
    );
  return {
    orderEnd: (scope, now) =>
      engine.operation(async (redis) => {
        const ended = await endGrants(engine, redis, scope, now);
        const { size } = ended;
        const { grants, sessions } = await orderSessions(engine, redis, scope, ended, now);
        return { grants: size + grants, sessions };
      }),
    orderLimits: (scope, now) => engine.operation((redis) => orderLimits(engine, redis, scope, now)),
    takeDueEnds: (now, limit, until, gateways) =>
      engine.operation((redis) => takeDueEnds(engine, redis, { now, limit, until, gateways })),
    settleEnd: (session, result, now) =>
      change(session, ({ username: _, ...order }) => ({ ...order, settled: { at: now, result } })),
    deferEnd: (session, dueAt) => change(session, (order) => ({ ...order, dueAt })),
    getEnd: ({ gateway, sessionId }) =>
      engine.operation(async (redis) =>
        decodeIf<EndOrder>(await redis.hget(keys.gateway(gateway).orders, sessionName(gateway, sessionId))),
      ),
  };
}

/** Who dies before the sessions are ordered has refused the devices already; who asked was not told, and asks again. */
async function endGrants(engine: Engine, redis: Client, scope: EndScope, now: Millis): Promise<Set<GrantId>> {
  const isMeant = (grant: GrantRecord): boolean => {
    if ('grant' in scope) return grant.id === scope.grant;
    if ('gateway' in scope) return grant.gateway === scope.gateway;
    return grant.site === scope.site && grant.acceptedAt < (scope.acceptedBefore ?? Number.POSITIVE_INFINITY);
  };
  const ended = new Set<GrantId>();
  await inChunks(await placesIn(engine, redis, scope), async (place) => {
    const kept = await removeGrant(engine, redis, place, isMeant, now);
    if (kept !== undefined) ended.add(kept.record.id);
  });
  return ended;
}

async function placesIn({ keys }: Engine, redis: Client, scope: EndScope): Promise<GrantPlace[]> {
  if ('grant' in scope) {
    const place = await placeOf(redis, keys, scope.grant);
    return place === undefined ? [] : [place];
  }
  if ('site' in scope) {
    const { site } = scope;
    const found = await redis.zrangebylexBuffer(keys.site(site).bySite, ...beginningWith(site));
    return found.map((one) => ({ site, device: entryOctets(one) }));
  }
  const { gateway } = scope;
  const found = await Promise.all(
    ALL_SHARES.map(async (share) => {
      const { byGateway, grants } = keys.siteShare(share);
      const devices = (await redis.zrangebylexBuffer(byGateway, ...beginningWith(gateway))).map(entryOctets);
      const records = devices.length === 0 ? [] : await redis.hmget(grants, ...devices);
      return devices.flatMap((device, i) => {
        const record = decodeIf<GrantRecord>(records[i]);
        return record === undefined ? [] : [{ site: record.site, device }];
      });
    }),
  );
  return found.flat();
}

/** Running sessions that may be meant. */
async function runningIn({ keys }: Engine, redis: Client, scope: EndScope | LimitsScope): Promise<string[]> {
  if ('grant' in scope) return sessionsOf(redis, keys.grantIndex(scope.grant));
  if ('gateway' in scope) {
    return redis.zrangebylex(keys.gateway(scope.gateway).runningByName, ...beginningWith(scope.gateway));
  }
  const found = await Promise.all(
    ALL_SHARES.map((share) => redis.zrangebylex(keys.gatewayShare(share).runningBySite, ...beginningWith(scope.site))),
  );
  return found.flat().map((name) => name.slice(scope.site.length + 1));
}

/** The names of the sessions that the index of a grant leads to. */
export async function sessionsOf(redis: Client, index: string): Promise<string[]> {
  const fields = await redis.hkeys(index);
  return fields.flatMap((field) => (field.startsWith('session ') ? [field.slice('session '.length)] : []));
}

/** @param older  grants that are known to have been accepted before the moment of the scope; more are added */
async function orderSessions(
  engine: Engine,
  redis: Client,
  scope: EndScope,
  older: Set<GrantId>,
  now: Millis,
): Promise<{ grants: number; sessions: SessionName[] }> {
  const isMeant = async (session: SessionRecord): Promise<boolean> => {
    if (!runs(session)) return false;
    if ('grant' in scope) return session.grantId === scope.grant;
    if ('gateway' in scope) return session.gateway === scope.gateway;
    return session.site === scope.site && isOlder(engine, redis, session, older, scope.acceptedBefore);
  };
  let grants = 0;
  const ordered: string[] = [];
  await inChunks(await runningIn(engine, redis, scope), async (name) => {
    const session = await order(engine, redis, name, undefined, isMeant, now);
    if (session === undefined) return;
    ordered.push(name);
    const { grantId } = session;
    if (grantId === undefined) return;
    // The grant may have been made through another gateway.
    const place = await placeOf(redis, engine.keys, grantId);
    const kept = place && (await removeGrant(engine, redis, place, ({ id }) => id === grantId, now));
    if (kept !== undefined) grants += 1;
  });
  return { grants, sessions: ordered.sort(byName).map(toName) };
}

/**
 * Of a session whose grant is not known, or gone for long, its own start says how old it is.
 * @param older  as `orderSessions`: a grant of another site ends with the first session under it, and is not found again
 */
async function isOlder(
  { keys }: Engine,
  redis: Client,
  { grantId, segments }: SessionRecord,
  older: Set<GrantId>,
  moment: Millis | undefined,
): Promise<boolean> {
  if (moment === undefined) return true;
  const kept = grantId === undefined ? undefined : await grantById(redis, keys, grantId);
  // One that is left was accepted since, or at another site.
  if (kept !== undefined && kept.record.acceptedAt < moment) older.add(kept.record.id);
  if (grantId !== undefined && older.has(grantId)) return true;
  return (kept?.record.acceptedAt ?? segments[0]?.start ?? 0) < moment;
}

async function orderLimits(engine: Engine, redis: Client, scope: LimitsScope, now: Millis): Promise<SessionName[]> {
  const ordered: string[] = [];
  await inChunks(await runningIn(engine, redis, scope), async (name) => {
    const session = await order(engine, redis, name, 'limits', async (session) => runs(session), now);
    if (session !== undefined) ordered.push(name);
  });
  return ordered.sort(byName).map(toName);
}

/**
 * Orders the end of a session, or new limits. One whose end is ordered keeps that order.
 * @returns the session; undefined if it is not meant, or is to end instead of getting limits
 */
function order(
  engine: Engine,
  redis: Client,
  name: string,
  kind: EndOrder['kind'],
  isMeant: (session: SessionRecord) => Promise<boolean>,
  now: Millis,
): Promise<SessionRecord | undefined> {
  const { gateway, sessionId } = toName(name);
  const of = engine.keys.gateway(gateway);
  return engine.decide(async () => {
    const lying = await lyingOf(redis, engine, name, gateway);
    const session = decodeIf<SessionRecord>(lying.session);
    if (session === undefined || !(await isMeant(session))) return undefined;
    const before = decodeIf<EndOrder>(lying.order);
    if (before !== undefined && before.settled === undefined && before.kind === undefined) {
      return kind === undefined ? session : undefined;
    }
    const { site, username } = session;
    const called = { gateway, sessionId, site, ...(username !== undefined && { username }) };
    const ordered = { ...called, ...(kind !== undefined && { kind }), orderedAt: now, dueAt: now, tries: 0 };
    const change = new Change().expect(of.sessions, name, lying.session);
    writeOrder(change, of, name, lying.order, ordered);
    return (await engine.commit(change)) ? session : CHANGED;
  });
}

interface Taking {
  readonly now: Millis;
  readonly limit: number;
  readonly until: Millis;
  readonly gateways: ReadonlySet<string> | undefined;
}

async function takeDueEnds(engine: Engine, redis: Client, taking: Taking): Promise<EndOrder[]> {
  const { now, limit, gateways } = taking;
  if (limit === 0 || gateways?.size === 0) return [];
  const { keys } = engine;
  const due = await Promise.all(
    ALL_SHARES.map(async (share) => {
      const { orders, ordersDue } = keys.gatewayShare(share);
      const names = await redis.zrangebyscore(ordersDue, '-inf', now);
      const meant = gateways === undefined ? names : names.filter((name) => gateways.has(toName(name).gateway));
      const lying = meant.length === 0 ? [] : await redis.hmget(orders, ...meant);
      return meant.flatMap((name, i) => {
        const order = decodeIf<EndOrder>(lying[i]);
        return order === undefined ? [] : [{ name, dueAt: order.dueAt }];
      });
    }),
  );
  const first = due.flat().sort((a, b) => a.dueAt - b.dueAt || byName(a.name, b.name));
  const taken: EndOrder[] = [];
  for (let rest = first; rest.length > 0 && taken.length < limit; ) {
    const tried = rest.slice(0, limit - taken.length);
    rest = rest.slice(tried.length);
    const won = await Promise.all(tried.map(({ name }) => take(engine, redis, name, taking)));
    taken.push(...won.filter((order) => order !== undefined));
  }
  return taken;
}

/** Undefined if somebody else has taken it, or it was settled. */
function take(engine: Engine, redis: Client, name: string, { now, until }: Taking): Promise<EndOrder | undefined> {
  const of = engine.keys.gateway(toName(name).gateway);
  return engine.decide(async () => {
    const lying = await redis.hget(of.orders, name);
    const order = decodeIf<EndOrder>(lying);
    if (order === undefined || order.settled !== undefined || order.dueAt > now) return undefined;
    const taken = { ...order, dueAt: until, tries: order.tries + 1 };
    const change = new Change();
    writeOrder(change, of, name, lying, taken);
    return (await engine.commit(change)) ? taken : CHANGED;
  });
}

function toName(name: string): SessionName {
  const end = name.indexOf('\0');
  return { gateway: name.slice(0, end), sessionId: name.slice(end + 1) };
}

/** So many at a time: enough that nobody waits for the network, and few enough that others get their turn. */
const AT_A_TIME = 200;

async function inChunks<T>(all: readonly T[], task: (one: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < all.length; at += AT_A_TIME) await Promise.all(all.slice(at, at + AT_A_TIME).map(task));
}
