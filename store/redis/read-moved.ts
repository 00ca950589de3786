import type { Exam } from '../../core/exam';
import type { Health } from '../../core/health';
import type { MaintenanceWindow } from '../../core/maintenance';
import { addOctets } from '../../core/octets';
import type { Audit } from '../../core/records';
import type { DayUse } from '../../core/rules';
import type { EndOrder } from '../../core/session-end';
import type { MovedRecord } from '../move/records';
import { credit } from './accounting';
import type { Client, Engine } from './engine';
import { ADDED, type FeedbackRecord } from './feedback';
import { LAST_WORD, type OutageRecord } from './health';
import { ALL_SHARES, type HourTable } from './keys';
import { decode, decodeIf, type GrantRecord, type SessionRecord } from './records';
import { COUNTED } from './sessions';

/** How many are asked for at a time. */
const CHUNK = 500;

/** Everything that a resting town keeps in Redis. What sessions owe their grants is settled first. */
export async function* readMoved(engine: Engine, redis: Client): AsyncGenerator<MovedRecord> {
  for (const share of ALL_SHARES) yield* sessions(engine, redis, share);
  for (const share of ALL_SHARES) {
    yield* pseudonymKeys(engine, redis, share);
    yield* grants(engine, redis, share);
    yield* dayUses(engine, redis, share);
    yield* acceptances(engine, redis, share);
    yield* orders(engine, redis, share);
    yield* usages(engine, redis, share);
    yield* accessPoints(engine, redis, share);
  }
  yield* town(engine, redis);
}

async function* sessions(engine: Engine, redis: Client, share: number): AsyncGenerator<MovedRecord> {
  const of = engine.keys.gatewayShare(share);
  for (const list of [of.running, of.ended]) {
    for await (const names of members(redis, list)) {
      const texts = await redis.hmget(of.sessions, ...names);
      for (const [i, text] of texts.entries()) {
        const record = decodeIf<SessionRecord>(text);
        if (record === undefined) continue;
        await credit(engine, redis, names[i] ?? '', record);
        const { owed: _, stretch: __, segments, earlier, ...session } = record;
        yield { of: 'session', ...session, segments: [...segments], earlier };
      }
    }
  }
}

async function* pseudonymKeys({ keys }: Engine, redis: Client, share: number): AsyncGenerator<MovedRecord> {
  const of = keys.siteShare(share);
  for await (const names of members(redis, of.keyExpiry)) {
    for (const name of names) {
      const [site = '', day = ''] = name.split('\0');
      const [wrapped] = await redis.hmgetBuffer(of.pseudonymKeys(site), day);
      const lastExpiry = Number(await redis.zscore(of.keyExpiry, name));
      if (wrapped) yield { of: 'pseudonym-key', site, day, wrapped: wrapped.toString('base64'), lastExpiry };
    }
  }
}

async function* grants({ keys }: Engine, redis: Client, share: number): AsyncGenerator<MovedRecord> {
  const of = keys.siteShare(share);
  for await (const devices of octetMembers(redis, of.byExpiry)) {
    const [texts, used] = await Promise.all([redis.hmget(of.grants, ...devices), redis.hmget(of.octets, ...devices)]);
    for (const [i, device] of devices.entries()) {
      const record = decodeIf<GrantRecord>(texts[i]);
      if (record === undefined) continue;
      const { credential: _, ...grant } = record;
      yield { of: 'grant', device: device.toString('base64url'), ...grant, usedOctets: Number(used[i] ?? 0) };
    }
  }
}

async function* dayUses({ keys }: Engine, redis: Client, share: number): AsyncGenerator<MovedRecord> {
  const of = keys.siteShare(share);
  for await (const devices of octetMembers(redis, of.dayUseByDay)) {
    const [texts, grants] = await Promise.all([redis.hmget(of.dayUse, ...devices), redis.hmget(of.grants, ...devices)]);
    for (const [i, device] of devices.entries()) {
      const use = decodeIf<DayUse & { readonly site?: string }>(texts[i]);
      // Before it was written down, the site is known only while the grant lies there.
      const site = use?.site ?? decodeIf<GrantRecord>(grants[i])?.site;
      const day = String(await redis.zscore(of.dayUseByDay, device)).replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3');
      if (use !== undefined && site !== undefined) {
        const { octets, seconds } = use;
        yield { of: 'day-use', device: device.toString('base64url'), site, day, octets, seconds };
      }
    }
  }
}

async function* acceptances({ keys }: Engine, redis: Client, share: number): AsyncGenerator<MovedRecord> {
  const { names, counts } = keys.siteShare(share).acceptances;
  for await (const chunk of members(redis, names)) {
    const values = await redis.hmget(counts, ...chunk);
    for (const [i, name] of chunk.entries()) {
      const [site = '', hour, termsVersion = '', language = ''] = name.split('\0');
      yield { of: 'acceptance-count', site, hour: Number(hour), termsVersion, language, count: Number(values[i] ?? 0) };
    }
  }
}

async function* orders({ keys }: Engine, redis: Client, share: number): AsyncGenerator<MovedRecord> {
  const of = keys.gatewayShare(share);
  for await (const names of members(redis, of.ordersUntil)) {
    for (const text of await redis.hmget(of.orders, ...names)) {
      const order = decodeIf<EndOrder>(text);
      if (order !== undefined) yield { of: 'end-order', ...order };
    }
  }
}

/** A site's gateways may lie in several shares: the first of them that knows an hour tells it for all. */
async function* usages({ keys }: Engine, redis: Client, share: number): AsyncGenerator<MovedRecord> {
  const tableOf = (of: number): HourTable => keys.gatewayShare(of).usage;
  for await (const chunk of members(redis, tableOf(share).names)) {
    for (const name of chunk) {
      const [site = '', hour] = name.split('\0');
      const shares = (await redis.smembers(keys.site(site).usageShares(site))).map(Number);
      const known = await Promise.all(shares.map((of) => redis.zscore(tableOf(of).names, name)));
      const telling = shares.filter((_, i) => known[i] !== null);
      if (telling.some((of) => of < share)) continue;
      const fields = COUNTED.map((what) => `${name}\0${what}`);
      const values = await Promise.all(telling.map((of) => redis.hmget(tableOf(of).counts, ...fields)));
      const sum = (what: number): number => values.reduce((all, own) => addOctets(all, Number(own[what] ?? 0)), 0);
      const usage = { sessions: sum(0), seconds: sum(1), downloadOctets: sum(2), uploadOctets: sum(3) };
      yield { of: 'usage-total', site, hour: Number(hour), ...usage };
    }
  }
}

async function* accessPoints({ keys }: Engine, redis: Client, share: number): AsyncGenerator<MovedRecord> {
  const of = keys.healthShare(share);
  const firstSeen = await redis.hgetall(of.firstSeen);
  for (const [ap, text] of Object.entries(await redis.hgetall(of.health))) {
    const { changes, ...health } = decode<Health>(text);
    const seen = firstSeen[ap];
    yield {
      ...{ of: 'health', ap, ...(seen !== undefined && { firstSeenAt: Number(seen) }) },
      health: { ...health, ...(changes !== undefined && { changes: [...changes] }) },
    };
    for (const [from, outage] of Object.entries(await redis.hgetall(of.outages(ap)))) {
      yield { of: 'outage', ap, from: Number(from), ...decode<OutageRecord>(outage) };
    }
  }
}

async function* town({ keys }: Engine, redis: Client): AsyncGenerator<MovedRecord> {
  for (const [from, to] of Object.entries(await redis.hgetall(keys.town('unwatched')))) {
    if (from === LAST_WORD) yield { of: 'last-word', at: Number(to) };
    else yield { of: 'unwatched', from: Number(from), to: Number(to) };
  }
  for (const text of await redis.hvals(keys.town('maintenance'))) {
    const { sites, accessPoints: aps, ...window } = decode<MaintenanceWindow>(text);
    yield { of: 'maintenance', ...window, sites: [...sites], accessPoints: [...aps] };
  }
  for (const text of await redis.hvals(keys.town('exams'))) yield { of: 'exam', ...decode<Exam>(text) };
  for (const [reference, text] of Object.entries(await redis.hgetall(keys.town('feedback')))) {
    if (reference !== ADDED) yield { of: 'feedback', reference, ...decode<FeedbackRecord>(text) };
  }
  const audit = decodeIf<Audit>(await redis.hget(keys.town('meta'), 'audit'));
  if (audit !== undefined) yield { of: 'audit', at: audit.at, overdue: [...audit.overdue] };
}

/** The members of a sorted set, in pieces. Nobody changes it meanwhile. */
async function* members(redis: Client, key: string): AsyncGenerator<readonly string[]> {
  for (let at = 0; ; at += CHUNK) {
    const found = await redis.zrange(key, String(at), String(at + CHUNK - 1));
    if (found.length === 0) return;
    yield found;
  }
}

async function* octetMembers(redis: Client, key: string): AsyncGenerator<readonly Buffer[]> {
  for (let at = 0; ; at += CHUNK) {
    const found = await redis.zrangeBuffer(key, String(at), String(at + CHUNK - 1));
    if (found.length === 0) return;
    yield found;
  }
}
