import { Cluster } from 'ioredis';
import { OperatorError } from '../../core/errors';
import type { Millis } from '../../core/time';
import { pause, systemClock } from '../../runtime/clock';
import type { StoreContext } from '../context';
import type { Movable } from '../move/records';
import { KeyWrap } from '../pseudonyms';
import { Change } from './change';
import { connect, nameOfTown, type RedisPlace } from './connect';
import { type Client, Engine } from './engine';
import { redisFault } from './faults';
import { inspect } from './inspect';
import { Keys } from './keys';
import { CHECK_SCOPE, FILLING, markNew, migrate } from './migrate';
import { putMoved } from './put-moved';
import { readMoved } from './read-moved';

/** What lies in a town in which nothing happened yet. */
const EMPTY = new Set(['meta', 'leases']);

/** So often, and so long apart, is looked whether somebody stays. */
const LOOKS = 5;
const LOOK_PAUSE_MS = 500;

/**
 * Opens the store in Redis to be moved.
 * @param mustBeThere  a Redis without this town is a mistake
 * @throws OperatorError like `openRedisStore`
 */
export async function openRedisMovable(
  place: RedisPlace,
  { townKey, random }: StoreContext,
  mustBeThere: boolean,
): Promise<Movable> {
  const redis = await connect(place);
  let engine: Engine | undefined;
  try {
    const durability = await inspect(redis, place, () => {});
    if (mustBeThere) await assertThere(redis, place);
    engine = new Engine(redis, new Keys(place.prefix), durability);
    const wrap = new KeyWrap(townKey, random);
    await migrate(engine, redis, wrap, { toBeFilled: !mustBeThere });
    return movable(engine, redis, place, wrap);
  } catch (error) {
    await engine?.close();
    redis.disconnect();
    throw redisFault(error);
  }
}

async function assertThere(redis: Client, { prefix }: RedisPlace): Promise<void> {
  if ((await redis.exists(new Keys(prefix).town('meta'))) === 1) return;
  throw new OperatorError(
    'STORE_MISSING',
    `There is no store in Redis under the prefix ${prefix}.`,
    'Mend store.redis: server, database and prefix.',
  );
}

function movable(engine: Engine, redis: Client, place: RedisPlace, wrap: KeyWrap): Movable {
  const meta = engine.keys.town('meta');
  return {
    keyCheck: () => wrap.draw(CHECK_SCOPE).wrapped.toString('base64'),
    checkKey: (check) => void wrap.unwrap(CHECK_SCOPE, Buffer.from(check, 'base64')),
    assertAtRest: (isMarked = false) => assertAtRest(() => engine.operation((redis) => others(redis, place)), isMarked),
    records: () => readMoved(engine, redis),
    beginFilling: () =>
      engine.operation(async (redis) => {
        const [schema, filling] = await redis.hmget(meta, 'schema', FILLING);
        if (typeof filling === 'string' || !(await isEmpty(redis, place))) throw notEmpty(place);
        const change = new Change().write('HSET', meta, FILLING, 1);
        if (!(await engine.commit(schema ? change : markNew(change, meta, wrap)))) throw inUse();
      }),
    put: (batch) =>
      engine.operation(async () => {
        const now: Millis = systemClock.now();
        await Promise.all(
          batch.map((record) => {
            // Whose key cannot be read is told before it lies there.
            if (record.of === 'pseudonym-key') wrap.unwrap(record, Buffer.from(record.wrapped, 'base64')).destroy();
            return putMoved(engine, record, now);
          }),
        );
      }),
    endFilling: () =>
      engine.operation(async () => {
        await engine.commit(new Change().write('HDEL', meta, FILLING));
      }),
    close: () => engine.close(),
  };
}

/** Who is refused because the store is marked goes at once; one that a supervisor starts anew comes under another name. */
async function assertAtRest(lookForOthers: () => Promise<readonly string[]>, isMarked: boolean): Promise<void> {
  let there = await lookForOthers();
  for (let left = isMarked ? LOOKS - 1 : 0; there.length > 0; left--) {
    if (left === 0) throw inUse();
    await pause(systemClock, LOOK_PAUSE_MS);
    const now = await lookForOthers();
    there = there.filter((name) => now.includes(name));
  }
}

/** Every process of the product is connected under the name of its town, whatever it does. */
async function others(redis: Client, place: RedisPlace): Promise<string[]> {
  const nodes = redis instanceof Cluster ? redis.nodes('master') : [redis];
  const lists = await Promise.all(nodes.map((node) => node.client('LIST')));
  const names = lists.flatMap((list) => [...String(list).matchAll(/ name=(\S*)/g)].map(([, name = '']) => name));
  return names.filter((name) => name.startsWith(`${nameOfTown(place)}:`) && name !== ownName(redis));
}

function inUse(): OperatorError {
  return new OperatorError(
    'STORE_IN_USE',
    'Another process has the town’s store in Redis open.',
    'Stop all of the product’s processes first.',
  );
}

function ownName(redis: Client): string {
  const options = redis instanceof Cluster ? redis.options.redisOptions : redis.options;
  return options?.connectionName ?? '';
}

async function isEmpty(redis: Client, { prefix }: RedisPlace): Promise<boolean> {
  for (const node of redis instanceof Cluster ? redis.nodes('master') : [redis]) {
    let cursor = '0';
    do {
      const [next, found] = await node.scan(cursor, 'MATCH', `${prefix}:{*`, 'COUNT', 1_000);
      if (found.some((key) => !EMPTY.has(key.slice(key.indexOf('}:') + 2)))) return false;
      cursor = next;
    } while (cursor !== '0');
  }
  return true;
}

function notEmpty({ prefix }: RedisPlace): OperatorError {
  return new OperatorError(
    'STORE_NOT_EMPTY',
    `The store in Redis under the prefix ${prefix} is not empty.`,
    `Name another store.redis.prefix; or, to throw away what is there, also what an import left that failed: redis-cli --scan --pattern '${prefix}:{*' | xargs -d '\\n' redis-cli unlink`,
  );
}
