import { MINUTE } from '../../core/time';
import { MOST_WAITING, type WaitingStore, type WaitingVisitor } from '../store';
import { Change } from './change';
import type { Engine } from './engine';
import { decode, encode } from './records';
import { PUT_WAITING, TAKE_WAITING } from './scripts';

/** Nobody waits so long; whether somebody's time is over is told by the time that an operation is given. */
const CLEAN_UP_AFTER_MS = 10 * MINUTE;
/** By a turn more than any difference of time: so a visitor told less often comes first. Leaves 2,000 turns exact. */
const TURN = 2 ** 42;

/** A record begins with the end of its time, so that the script need not read JSON. */
const record = (visitor: WaitingVisitor): string => `${Math.ceil(visitor.expiresAt)} ${encode(visitor)}`;
export const visitorOf = (text: string): WaitingVisitor => decode(text.slice(text.indexOf(' ')));

/** Nothing here is durable: who is lost taps again. */
export function waitingStore(engine: Engine): WaitingStore {
  const of = (gateway: string) => engine.keys.gateway(gateway).waiting(gateway);
  return {
    putWaiting: (visitor) =>
      engine.operation(async () => {
        const { visitors, turns, since } = of(visitor.gateway);
        const values = [visitor.id, record(visitor), visitor.since, MOST_WAITING, CLEAN_UP_AFTER_MS];
        await engine.runFleeting(PUT_WAITING, [visitors, turns, since], values);
      }),
    takeWaiting: (gateway, limit, now) =>
      engine.operation(async () => {
        const { visitors, turns, since } = of(gateway);
        const told = await engine.runFleeting(TAKE_WAITING, [visitors, turns, since], [limit, now, TURN]);
        return Array.isArray(told) ? told.map((text) => visitorOf(String(text))) : [];
      }),
    settleWaiting: (gateway, ids) => engine.operation(() => remove(engine, gateway, ids)),
    forgetWaiting: (gateway, before) =>
      engine.operation(async (redis) => {
        await remove(engine, gateway, await redis.zrangebyscore(of(gateway).since, '-inf', `(${before}`));
      }),
    isWaiting: (gateway, id, now) =>
      engine.operation(async (redis) => {
        const text = await redis.hget(of(gateway).visitors, id);
        return text !== null && now < visitorOf(text).expiresAt;
      }),
  };
}

async function remove(engine: Engine, gateway: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const { visitors, turns, since } = engine.keys.gateway(gateway).waiting(gateway);
  await engine.commit(
    new Change()
      .write('HDEL', visitors, ...ids)
      .write('ZREM', turns, ...ids)
      .write('ZREM', since, ...ids),
  );
}
