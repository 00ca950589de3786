import type { Health, Outage, OutageCause, OutageChange } from '../../core/health';
import type { ApId } from '../../core/ids';
import { within } from '../../core/intervals';
import { type MaintenanceWindow, timeOf } from '../../core/maintenance';
import type { Millis } from '../../core/time';
import type { Clock } from '../../runtime/clock';
import type { HealthStore } from '../store';
import { Change } from './change';
import { CHANGED, type Client, type Engine } from './engine';
import { ALL_SHARES } from './keys';
import { decode, decodeIf, encode } from './records';
import { clockAhead } from './server-time';

/** An outage without its beginning, which is its field. */
export interface OutageRecord {
  readonly to?: Millis;
  readonly cause?: OutageCause;
}

/** The last word of the controllers, by the clock of Redis, lies among the stretches that nobody watched, under this name. */
export const LAST_WORD = 'last-word';

export function healthStore(engine: Engine, clock: Clock): HealthStore {
  const { keys } = engine;
  return {
    putHealth: (ap, next, change) => engine.operation((redis) => putHealth(engine, redis, ap, next, change)),
    allHealth: () =>
      engine.operation(async (redis) => {
        const shares = await Promise.all(
          ALL_SHARES.map((share) => {
            const { health, firstSeen } = keys.healthShare(share);
            return Promise.all([redis.hgetall(health), redis.hgetall(firstSeen)]);
          }),
        );
        return new Map(
          shares.flatMap(([health, firstSeen]) =>
            Object.entries(health).map(([ap, text]) => {
              const seen = firstSeen[ap] === undefined ? {} : { firstSeenAt: Number(firstSeen[ap]) };
              return [ap, { health: decode<Health>(text), ...seen }] as const;
            }),
          ),
        );
      }),
    healthOf: (aps) => engine.operation((redis) => healthOf(engine, redis, aps)),
    outages: (ap, window) =>
      engine.operation(async (redis) =>
        Object.entries(await redis.hgetall(keys.accessPoint(ap).outages(ap)))
          .map(([from, text]): Outage => ({ from: Number(from), ...decode<OutageRecord>(text) }))
          .filter(({ from, to }) => from < window.to && (to === undefined || to > window.from))
          .sort((a, b) => a.from - b.from),
      ),
    watch: (now, tolerance) =>
      engine.operation(async (redis) => watch(engine, redis, now - (await clockAhead(engine, clock)), tolerance)),
    unwatched: (window, tolerance) =>
      engine.operation(async (redis) => {
        const asking = redis.hgetall(keys.town('unwatched'));
        const [{ [LAST_WORD]: word, ...stretches }, ahead] = await Promise.all([asking, clockAhead(engine, clock)]);
        const last = Number(word ?? 0);
        const kept = Object.entries(stretches).map(([from, to]) => ({ from: Number(from), to: Number(to) }));
        const silence = window.to - ahead - last > tolerance ? [{ from: last, to: window.to }] : [];
        return within(window, [...kept, ...silence]);
      }),
    putMaintenance: (window) =>
      engine.operation(async () => {
        await engine.commit(new Change().write('HSET', keys.town('maintenance'), window.id, encode(window)));
      }),
    maintenance: (asked) =>
      engine.operation(async (redis) =>
        Object.values(await redis.hgetall(keys.town('maintenance')))
          .map((text) => decode<MaintenanceWindow>(text))
          .filter((window) => window.from < asked.to && timeOf(window).to > asked.from)
          .sort((a, b) => a.from - b.from || (a.id < b.id ? -1 : 1)),
      ),
  };
}

async function healthOf({ keys }: Engine, redis: Client, aps: readonly ApId[]): Promise<ReadonlyMap<ApId, Health>> {
  const shares = new Map<string, ApId[]>();
  for (const ap of aps) {
    const { health } = keys.accessPoint(ap);
    shares.set(health, [...(shares.get(health) ?? []), ap]);
  }
  const found = await Promise.all(
    [...shares].map(async ([key, ids]) => {
      const texts = await redis.hmget(key, ...ids);
      return ids.flatMap((ap, i) => {
        const health = decodeIf<Health>(texts[i]);
        return health === undefined ? [] : [[ap, health] as const];
      });
    }),
  );
  return new Map(found.flat());
}

function putHealth(
  engine: Engine,
  redis: Client,
  ap: ApId,
  next: Health,
  change: OutageChange | undefined,
): Promise<void> {
  const of = engine.keys.accessPoint(ap);
  return engine.decide(async () => {
    const writes = new Change().write('HSET', of.health, ap, encode(next));
    if (next.lastSeenAt !== undefined) writes.write('HSETNX', of.firstSeen, ap, next.lastSeenAt);
    if (change !== undefined) {
      const lasting = await redis.hget(of.lasting, ap);
      const lying = lasting === null ? null : await redis.hget(of.outages(ap), lasting);
      writes.expect(of.lasting, ap, lasting);
      if (lasting !== null) writes.expect(of.outages(ap), lasting, lying);
      const last = lasting === null ? undefined : { from: Number(lasting), ...decodeIf<OutageRecord>(lying) };
      writeOutage(writes, engine, ap, last, change);
    }
    return (await engine.commit(writes)) ? undefined : CHANGED;
  });
}

/** @param last  the outage that lasts */
function writeOutage(writes: Change, { keys }: Engine, ap: ApId, last: Outage | undefined, change: OutageChange): void {
  const of = keys.accessPoint(ap);
  const put = (from: Millis, record: OutageRecord): void => {
    writes.write('HSET', of.outages(ap), from, encode(record));
    if (record.to === undefined) writes.write('HSET', of.lasting, ap, from).write('ZREM', of.closed, `${ap}\0${from}`);
    else writes.write('HDEL', of.lasting, ap).write('ZADD', of.closed, record.to, `${ap}\0${from}`);
  };
  if (change.kind === 'open') put(last?.from ?? change.from, withCause(change.cause));
  if (change.kind === 'close' && last) put(last.from, { to: change.to, ...withCause(change.cause ?? last.cause) });
  if (change.kind === 'turn') {
    if (last) put(last.from, { to: change.at, ...withCause(last.cause) });
    put(change.at, withCause(change.cause));
  }
}

function withCause(cause: OutageCause | undefined): { readonly cause?: OutageCause } {
  return cause === undefined ? {} : { cause };
}

/** Nobody watched before the first word, so the last word before that is the beginning of time. */
function watch(engine: Engine, redis: Client, now: Millis, tolerance: Millis): Promise<void> {
  const key = engine.keys.town('unwatched');
  return engine.decide(async () => {
    const word = await redis.hget(key, LAST_WORD);
    const last = Number(word ?? 0);
    const change = new Change().expect(key, LAST_WORD, word).write('HSET', key, LAST_WORD, now);
    if (now - last > tolerance) change.write('HSET', key, last, now);
    if (now < last) {
      // The clock was ahead and is right again: what it said about the time to come has not happened.
      const { [LAST_WORD]: _, ...stretches } = await redis.hgetall(key);
      for (const [from, to] of Object.entries(stretches)) {
        if (Number(to) <= now) continue;
        if (Number(from) < now) change.write('HSET', key, from, now);
        else change.write('HDEL', key, from);
      }
    }
    return (await engine.commit(change)) ? undefined : CHANGED;
  });
}
