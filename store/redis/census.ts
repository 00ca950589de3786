import { Cluster } from 'ioredis';
import type { Exam } from '../../core/exam';
import { CREDENTIAL_LIFETIME_MS } from '../../core/grant';
import type { Health } from '../../core/health';
import type { Interval } from '../../core/intervals';
import { type MaintenanceWindow, timeOf } from '../../core/maintenance';
import { dayOf } from '../../core/pseudonym';
import { type Audit, type Census, CensusTaker, type RecordLife, type RecordName } from '../../core/records';
import { SESSION_SILENCE_MS } from '../../core/session';
import type { EndOrder } from '../../core/session-end';
import { HOUR, type Millis } from '../../core/time';
import { turnOfOthers } from '../../runtime/turn';
import type { AuditStore, WaitingVisitor } from '../store';
import { Change } from './change';
import type { Client, Engine } from './engine';
import { ADDED, type FeedbackRecord } from './feedback';
import { LAST_WORD, type OutageRecord } from './health';
import { grantById } from './kept-grant';
import { ALL_SHARES } from './keys';
import { type CredentialRecord, decode, decodeIf, encode, type GrantRecord, type SessionRecord } from './records';
import { visitorOf } from './waiting';

/** How many records are asked for at a time. */
const CHUNK = 500;
/** Who is not told an order within an hour has a gateway that is gone. */
const UNSETTLED_MS = HOUR;

export function auditStore(engine: Engine, timeZone: string): AuditStore {
  const meta = engine.keys.town('meta');
  return {
    census: (now) => engine.operation((redis) => new Counting(engine, redis, timeZone, now).census()),
    putAudit: (audit) =>
      engine.operation(async () => {
        await engine.commit(new Change().write('HSET', meta, 'audit', encode(audit)));
      }),
    lastAudit: () => engine.operation(async (redis) => decodeIf<Audit>(await redis.hget(meta, 'audit'))),
  };
}

/** Each class by its own times, not by what `forget` reckons with: an audit that shares its mistakes finds none. */
class Counting {
  readonly #engine: Engine;
  readonly #redis: Client;
  readonly #timeZone: string;
  readonly #now: Millis;
  readonly #taker: CensusTaker;

  constructor(engine: Engine, redis: Client, timeZone: string, now: Millis) {
    this.#engine = engine;
    this.#redis = redis;
    this.#timeZone = timeZone;
    this.#now = now;
    this.#taker = new CensusTaker(now);
  }

  async census(): Promise<Census> {
    for (const share of ALL_SHARES) {
      await this.#visitors(share);
      await this.#sessions(share);
      await this.#health(share);
    }
    await this.#town();
    await this.#scattered();
    return this.#taker.take();
  }

  async #visitors(share: number): Promise<void> {
    const of = this.#engine.keys.siteShare(share);
    await this.#fields('grant', of.grants, (text) => {
      const { acceptedAt, expiresAt } = decode<GrantRecord>(text);
      return { since: acceptedAt, over: expiresAt };
    });
    await this.#members('day-use', of.dayUseByDay, (_, day) => {
      const text = String(day);
      const date = `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}`;
      return asLife(dayOf(date, this.#timeZone));
    });
    await this.#members('acceptance-count', of.acceptances.hours, (_, hour) => ofHour(hour));
    await this.#members('pseudonym-key', of.keyExpiry, (name, lastExpiry) => {
      const { from, to } = dayOf(name.slice(name.indexOf('\0') + 1), this.#timeZone);
      return { since: from, over: Math.max(to, lastExpiry) };
    });
  }

  async #sessions(share: number): Promise<void> {
    const of = this.#engine.keys.gatewayShare(share);
    await this.#fields('session', of.sessions, (text) => {
      const { endedAt, lastSeenAt, segments } = decode<SessionRecord>(text);
      return { since: segments[0]?.start ?? lastSeenAt, over: endedAt ?? lastSeenAt + SESSION_SILENCE_MS };
    });
    await this.#fields('end-order', of.orders, (text) => {
      const { orderedAt, settled } = decode<EndOrder>(text);
      return { since: orderedAt, over: settled?.at ?? orderedAt + UNSETTLED_MS };
    });
    await this.#members('usage-total', of.usage.hours, (_, hour) => ofHour(hour));
  }

  async #health(share: number): Promise<void> {
    const of = this.#engine.keys.healthShare(share);
    const aps: string[] = [];
    await this.#fields('health', of.health, (text, ap) => {
      aps.push(ap);
      const { state, since } = decode<Health>(text);
      return { since, over: state === 'unknown' ? since : undefined };
    });
    for (const ap of aps) {
      await this.#fields('outage', of.outages(ap), (text, from) => {
        return { since: Number(from), over: decode<OutageRecord>(text).to };
      });
    }
  }

  async #town(): Promise<void> {
    const { keys } = this.#engine;
    await this.#fields('feedback', keys.town('feedback'), (text, field) => {
      if (field === ADDED) return undefined;
      const { receivedAt, doneAt } = decode<FeedbackRecord>(text);
      return { since: receivedAt, over: doneAt };
    });
    await this.#fields('unwatched', keys.town('unwatched'), (to, from) =>
      from === LAST_WORD ? undefined : { since: Number(from), over: Number(to) },
    );
    await this.#fields('maintenance', keys.town('maintenance'), (text) =>
      asLife(timeOf(decode<MaintenanceWindow>(text))),
    );
    await this.#fields('exam', keys.town('exams'), (text) => ({ since: this.#now, over: decode<Exam>(text).until }));
  }

  /** What has a key of its own: credentials, visitors that wait, ways from ids to devices. */
  async #scattered(): Promise<void> {
    const { keys } = this.#engine;
    await this.#keysLike(keys.credential('*'), async (key) => {
      const issued = decodeIf<CredentialRecord>(await this.#redis.hget(key, 'issued'));
      if (issued === undefined) return;
      const { expiresAt } = issued;
      this.#taker.add('credential', { since: expiresAt - CREDENTIAL_LIFETIME_MS, over: expiresAt });
    });
    await this.#keysLike(keys.grantIndex('*'), async (key) => {
      const id = key.slice(key.lastIndexOf(':') + 1, -1);
      const leadsToDevice = (await this.#redis.hexists(key, 'device')) === 1;
      const isNeeded = (await grantById(this.#redis, keys, id)) !== undefined;
      // Without its grant it has no purpose at all.
      if (leadsToDevice && !isNeeded) this.#taker.add('grant', { since: this.#now, over: 0 });
    });
    await this.#keysLike(keys.anyWaiting(), async (key) => {
      if (/:(turns|since)$/.test(key)) return;
      for (const text of await this.#redis.hvals(key)) {
        const { since, expiresAt }: WaitingVisitor = visitorOf(text);
        this.#taker.add('waiting-visitor', { since, over: expiresAt });
      }
    });
  }

  /** Counts the fields of a hash. */
  async #fields(
    name: RecordName,
    key: string,
    life: (text: string, field: string) => RecordLife | undefined,
  ): Promise<void> {
    await this.#pairs(
      (cursor) => this.#redis.hscan(key, cursor, 'COUNT', CHUNK),
      (field, text) => {
        const found = life(text, field);
        if (found !== undefined) this.#taker.add(name, found);
      },
    );
  }

  /** Counts the members of a sorted set. */
  async #members(name: RecordName, key: string, life: (member: string, score: number) => RecordLife): Promise<void> {
    await this.#pairs(
      (cursor) => this.#redis.zscan(key, cursor, 'COUNT', CHUNK),
      (member, score) => this.#taker.add(name, life(member, Number(score))),
    );
  }

  /** Redis may tell of one twice while a table grows; each is counted once. */
  async #pairs(
    scan: (cursor: string) => Promise<[cursor: string, found: string[]]>,
    visit: (a: string, b: string) => void,
  ): Promise<void> {
    const seen = new Set<string>();
    let cursor = '0';
    do {
      const [next, found] = await scan(cursor);
      for (let i = 0; i + 1 < found.length; i += 2) {
        const [a = '', b = ''] = [found[i], found[i + 1]];
        if (!seen.has(a)) visit(a, b);
        seen.add(a);
      }
      cursor = next;
      await turnOfOthers();
    } while (cursor !== '0');
  }

  async #keysLike(pattern: string, visit: (key: string) => Promise<void>): Promise<void> {
    const nodes = this.#redis instanceof Cluster ? this.#redis.nodes('master') : [this.#redis];
    for (const node of nodes) {
      let cursor = '0';
      do {
        const [next, found] = await node.scan(cursor, 'MATCH', pattern, 'COUNT', CHUNK);
        await Promise.all([...new Set(found)].map(visit));
        cursor = next;
        await turnOfOthers();
      } while (cursor !== '0');
    }
  }
}

function ofHour(hour: Millis): RecordLife {
  return { since: hour, over: hour + HOUR };
}

function asLife({ from, to }: Interval): RecordLife {
  return { since: from, over: to };
}
