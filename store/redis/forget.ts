import type { Exam } from '../../core/exam';
import { isRunning } from '../../core/exam';
import { FEEDBACK_AFTERGLOW_MS } from '../../core/feedback';
import type { Health } from '../../core/health';
import { type MaintenanceWindow, timeOf } from '../../core/maintenance';
import { keyScope } from '../../core/pseudonym';
import { HOUR, type Millis } from '../../core/time';
import { type Retention, SESSION_AFTERGLOW_MS } from '../store';
import { Change } from './change';
import { dayNumber } from './day-use';
import type { Client, Engine } from './engine';
import { ADDED, type FeedbackRecord } from './feedback';
import { LAST_WORD } from './health';
import { removeGrant } from './kept-grant';
import type { Keyring } from './keyring';
import { ALL_SHARES, type HourTable, type Value } from './keys';
import { decode, decodeIf, type GrantRecord, type SessionRecord } from './records';

/** So many records in one change: others get their turn in between. */
const AT_A_TIME = 500;

/** Removes what has had its time. Each step is atomic by itself; one that was cut off is finished the next time. */
export async function forget(
  engine: Engine,
  redis: Client,
  keyring: Keyring,
  timeZone: string,
  now: Millis,
  { historyBefore }: Retention,
): Promise<void> {
  const today = keyScope('', now, timeZone).day;
  await Promise.all(ALL_SHARES.map((share) => forgetGrants(engine, redis, share, now)));
  await Promise.all(
    ALL_SHARES.map(async (share) => {
      const { acceptances } = engine.keys.siteShare(share);
      await forgetUse(engine, redis, share, today);
      await forgetHours(engine, redis, acceptances, [''], historyBefore);
      await forgetSessions(engine, redis, share, now);
      const { usage } = engine.keys.gatewayShare(share);
      await forgetHours(
        engine,
        redis,
        usage,
        ['\0sessions', '\0seconds', '\0downloadOctets', '\0uploadOctets'],
        historyBefore,
      );
      await forgetHealth(engine, redis, share, historyBefore);
    }),
  );
  await keyring.destroyDead(redis, now, timeZone);
  await forgetTown(engine, redis, now, historyBefore);
}

async function forgetGrants(engine: Engine, redis: Client, share: number, now: Millis): Promise<void> {
  const { byExpiry, grants } = engine.keys.siteShare(share);
  const isDead = ({ expiresAt }: GrantRecord): boolean => expiresAt <= now;
  for (;;) {
    const devices = await redis.zrangebyscoreBuffer(byExpiry, '-inf', now, 'LIMIT', 0, AT_A_TIME);
    if (devices.length === 0) return;
    const lying = await redis.hmget(grants, ...devices);
    await Promise.all(
      devices.map((device, i) => {
        const record = decodeIf<GrantRecord>(lying[i]);
        return record && removeGrant(engine, redis, { site: record.site, device }, isDead, now);
      }),
    );
  }
}

async function forgetUse(engine: Engine, redis: Client, share: number, today: string): Promise<void> {
  const { dayUse, dayUseByDay } = engine.keys.siteShare(share);
  const day = dayNumber(today);
  const dead = await Promise.all([
    redis.zrangebyscoreBuffer(dayUseByDay, '-inf', `(${day}`),
    redis.zrangebyscoreBuffer(dayUseByDay, `(${day}`, '+inf'),
  ]);
  await inChanges(engine, dead.flat(), (change, chunk) =>
    change.write('HDEL', dayUse, ...chunk).write('ZREM', dayUseByDay, ...chunk),
  );
}

/** @param parts  what stands behind the name of an entry in the fields of its counts */
async function forgetHours(
  engine: Engine,
  redis: Client,
  { counts, names, hours }: HourTable,
  parts: readonly string[],
  before: Millis,
): Promise<void> {
  const dead = await redis.zrangebyscore(hours, '-inf', before - HOUR);
  await inChanges(engine, dead, (change, chunk) =>
    change
      .write('HDEL', counts, ...chunk.flatMap((name) => parts.map((part) => `${name}${part}`)))
      .write('ZREM', names, ...chunk)
      .write('ZREM', hours, ...chunk),
  );
}

/** A late packet may have brought a session back, or an order: what has changed meanwhile stays until the next time. */
async function forgetSessions(engine: Engine, redis: Client, share: number, now: Millis): Promise<void> {
  const of = engine.keys.gatewayShare(share);
  const dead = await redis.zrangebyscore(of.ended, '-inf', now - SESSION_AFTERGLOW_MS);
  for (let at = 0; at < dead.length; at += AT_A_TIME) {
    const chunk = dead.slice(at, at + AT_A_TIME);
    const lying = await redis.hmget(of.sessions, ...chunk);
    await Promise.all(
      chunk.map((name, i) => {
        const text = lying[i] ?? null;
        const { endedAt } = decodeIf<SessionRecord>(text) ?? {};
        const change = new Change().expect(of.sessions, name, text).write('ZREM', of.ended, name);
        if ((endedAt ?? now) + SESSION_AFTERGLOW_MS <= now) change.write('HDEL', of.sessions, name);
        return engine.commit(change);
      }),
    );
  }
  for (const name of await redis.zrangebyscore(of.ordersUntil, '-inf', now)) {
    const [lying, until] = await Promise.all([redis.hget(of.orders, name), redis.zscore(of.ordersUntil, name)]);
    if (until === null || Number(until) > now) continue;
    const change = new Change().expect(of.orders, name, lying).write('HDEL', of.orders, name);
    await engine.commit(change.write('ZREM', of.ordersDue, name).write('ZREM', of.ordersUntil, name));
  }
}

async function forgetHealth(engine: Engine, redis: Client, share: number, before: Millis): Promise<void> {
  const of = engine.keys.healthShare(share);
  const dead = await redis.zrangebyscore(of.closed, '-inf', before);
  for (const name of dead) {
    const [ap = '', from = ''] = name.split('\0');
    const score = await redis.zscore(of.closed, name);
    if (score === null || Number(score) > before) continue;
    const change = new Change().expectScore(of.closed, name, score).write('HDEL', of.outages(ap), from);
    await engine.commit(change.write('ZREM', of.closed, name));
  }
  // The controller calls an access point unknown when it is no longer configured.
  for (const [ap, text] of Object.entries(await redis.hgetall(of.health))) {
    const { state, since } = decode<Health>(text);
    if (state !== 'unknown' || since > before) continue;
    await engine.commit(
      new Change().expect(of.health, ap, text).write('HDEL', of.health, ap).write('HDEL', of.firstSeen, ap),
    );
  }
}

async function forgetTown(engine: Engine, redis: Client, now: Millis, before: Millis): Promise<void> {
  const remove = async (
    table: 'exams' | 'feedback' | 'maintenance' | 'unwatched',
    isDead: (text: string, field: string) => boolean,
  ): Promise<void> => {
    const key = engine.keys.town(table);
    for (const [field, text] of Object.entries(await redis.hgetall(key))) {
      if (isDead(text, field)) await engine.commit(new Change().expect(key, field, text).write('HDEL', key, field));
    }
  };
  await remove('exams', (text) => !isRunning(decode<Exam>(text), now));
  await remove('feedback', (text, field) => {
    return field !== ADDED && (decode<FeedbackRecord>(text).doneAt ?? now) + FEEDBACK_AFTERGLOW_MS <= now;
  });
  await remove('maintenance', (text) => timeOf(decode<MaintenanceWindow>(text)).to <= before);
  await remove('unwatched', (text, field) => field !== LAST_WORD && Number(text) <= before);
}

async function inChanges<T extends Value>(
  engine: Engine,
  all: readonly T[],
  fill: (change: Change, chunk: readonly T[]) => Change,
): Promise<void> {
  for (let at = 0; at < all.length; at += AT_A_TIME) {
    await engine.commit(fill(new Change(), all.slice(at, at + AT_A_TIME)));
  }
}
