import type { SiteId } from '../../core/ids';
import type { Interval } from '../../core/intervals';
import { addOctets } from '../../core/octets';
import { closeSession, isHeardOfSince } from '../../core/session';
import type { Millis } from '../../core/time';
import type { HourlyUsage, SessionStore } from '../store';
import { Accounting, credit, lyingOf, unindex } from './accounting';
import { Change } from './change';
import { CHANGED, type Client, type Engine } from './engine';
import { grantById } from './kept-grant';
import { ALL_SHARES, beginningWith, hoursOf } from './keys';
import { noteEnd, writeOrder } from './orders';
import { decodeIf, type SessionRecord, sessionName } from './records';
import { runs, toRecord, toSession, writeSession } from './session-change';

export function sessionStore(engine: Engine): SessionStore {
  const { keys } = engine;
  const accounting = new Accounting(engine);
  return {
    applyAccounting: (event) => accounting.apply(event),
    closeSessionsOf: (gateway, at, now) =>
      engine.operation(async (redis) => {
        const names = await redis.zrangebylex(keys.gateway(gateway).runningByName, ...beginningWith(gateway));
        return closeAll(engine, redis, names, (session) => !isHeardOfSince(session, at), now);
      }),
    closeSilentSessions: (silentSince, now) =>
      engine.operation(async (redis) => {
        const silent = await Promise.all(
          ALL_SHARES.map((share) => redis.zrangebyscore(keys.gatewayShare(share).running, '-inf', `(${silentSince}`)),
        );
        return closeAll(engine, redis, silent.flat(), ({ lastSeenAt }) => lastSeenAt < silentSince, now);
      }),
    getSession: (gateway, sessionId) =>
      engine.operation(async (redis) => {
        const { session } = await lyingOf(redis, engine, sessionName(gateway, sessionId), gateway);
        const record = decodeIf<SessionRecord>(session);
        return record && toSession(record);
      }),
    countSessions: () => engine.operation((redis) => countSessions(engine, redis)),
    siteUsage: (site, window) => engine.operation((redis) => siteUsage(engine, redis, site, window)),
  };
}

/** So many at a time: enough that nobody waits for the network, and few enough that others get their turn. */
const AT_A_TIME = 200;

async function closeAll(
  engine: Engine,
  redis: Client,
  names: readonly string[],
  isMeant: (session: SessionRecord) => boolean,
  now: Millis,
): Promise<number> {
  let count = 0;
  for (let at = 0; at < names.length; at += AT_A_TIME) {
    const chunk = names.slice(at, at + AT_A_TIME);
    const closed = await Promise.all(chunk.map((name) => close(engine, redis, name, isMeant, now)));
    count += closed.filter((one) => one).length;
  }
  return count;
}

/** @returns whether it ran, was meant, and is closed now */
function close(
  engine: Engine,
  redis: Client,
  name: string,
  isMeant: (session: SessionRecord) => boolean,
  now: Millis,
): Promise<boolean> {
  const gateway = name.slice(0, name.indexOf('\0'));
  const of = engine.keys.gateway(gateway);
  return engine.decide(async () => {
    const lying = await lyingOf(redis, engine, name, gateway);
    const before = decodeIf<SessionRecord>(lying.session);
    if (before === undefined || !runs(before)) return false;
    if (!isMeant(before)) return stay(engine, name, lying.session, before);
    // What it owes is added before its record forgets to whom.
    await credit(engine, redis, name, before);
    const { stretch } = before;
    const closed = toRecord(closeSession(toSession(before), now), now);
    const after: SessionRecord = { ...closed, ...(stretch !== undefined && { stretch }) };
    const change = new Change();
    writeSession(change, of, { lying: lying.session, record: before }, after);
    const order = decodeIf<Parameters<typeof noteEnd>[0]>(lying.order);
    const grantLives = async (id: string) => (await grantById(redis, engine.keys, id)) !== undefined;
    if (order !== undefined) writeOrder(change, of, name, lying.order, await noteEnd(order, after, now, grantLives));
    if (!(await engine.commit(change))) return CHANGED;
    await unindex(engine, name, before.grantId);
    return true;
  });
}

/** Notes in the list of those that run when the session was heard of last, so that it is not looked at again so soon. */
async function stay(engine: Engine, name: string, lying: string | null, session: SessionRecord): Promise<false> {
  const of = engine.keys.gateway(session.gateway);
  const change = new Change().expect(of.sessions, name, lying);
  await engine.commit(change.write('ZADD', of.running, session.lastSeenAt, name));
  return false;
}

async function countSessions({ keys }: Engine, redis: Client): Promise<ReadonlyMap<SiteId, number>> {
  const counts = await Promise.all(ALL_SHARES.map((share) => redis.hgetall(keys.gatewayShare(share).runningCount)));
  const bySite = new Map<SiteId, number>();
  for (const [site, count] of counts.flatMap((one) => Object.entries(one))) {
    if (count !== '0') bySite.set(site, (bySite.get(site) ?? 0) + Number(count));
  }
  return bySite;
}

export const COUNTED = ['sessions', 'seconds', 'downloadOctets', 'uploadOctets'] as const;

/** A site's gateways may lie in several shares; each counts its own. */
async function siteUsage({ keys }: Engine, redis: Client, site: SiteId, window: Interval): Promise<HourlyUsage[]> {
  const shares = await redis.smembers(keys.site(site).usageShares(site));
  const totals = new Map<Millis, HourlyUsage>();
  for (const share of shares) {
    const { names, counts } = keys.gatewayShare(Number(share)).usage;
    const found = await redis.zrangebylex(names, ...hoursOf(site, window));
    if (found.length === 0) continue;
    const values = await redis.hmget(counts, ...found.flatMap((name) => COUNTED.map((what) => `${name}\0${what}`)));
    for (const [i, name] of found.entries()) {
      const hour = Number(name.slice(name.indexOf('\0') + 1));
      const before = totals.get(hour) ?? { hour, sessions: 0, seconds: 0, downloadOctets: 0, uploadOctets: 0 };
      const own = (what: number): number => Number(values[i * COUNTED.length + what] ?? 0);
      totals.set(hour, {
        hour,
        sessions: before.sessions + own(0),
        seconds: before.seconds + own(1),
        downloadOctets: addOctets(before.downloadOctets, own(2)),
        uploadOctets: addOctets(before.uploadOctets, own(3)),
      });
    }
  }
  return [...totals.values()].sort((a, b) => a.hour - b.hour);
}
