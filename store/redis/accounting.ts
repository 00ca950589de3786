import type { GrantId } from '../../core/ids';
import { isWord } from '../../core/ids';
import { type AccountingEvent, foldSession } from '../../core/session';
import { startOfHour } from '../../core/time';
import type { SessionStore } from '../store';
import { Change } from './change';
import { redeemed } from './credentials';
import { CHANGED, type Client, type Engine } from './engine';
import { grantById, INDEX_AFTERGLOW_MS, placeOf } from './kept-grant';
import { hourText, shareOf } from './keys';
import { LastWritten } from './last-written';
import { noteEnd, writeOrder } from './orders';
import { decodeIf, encode, type Owed, type SessionRecord, sessionName } from './records';
import { CREDIT } from './scripts';
import { runs, toRecord, toSession, writeSession } from './session-change';

type Added = Awaited<ReturnType<SessionStore['applyAccounting']>>;

/** What is known of a session, as it lies there. */
export interface Lying {
  readonly session: string | null;
  readonly order: string | null;
  /** What `session` says, where that is at hand. */
  readonly record?: SessionRecord;
}

const NOTHING_THERE: Lying = { session: null, order: null };

/**
 * Folds reports into their sessions. A report goes through three slots: session and hour are written in one change; the
 * grant's octets lie elsewhere, so the session says what it owes its grant, and that is added there once. Who dies in
 * between has not answered the gateway: it asks again, and what is owed is added then.
 */
export class Accounting {
  readonly #engine: Engine;
  /** Sites and gateway shares of which it is written down that they belong together. */
  readonly #usageNoted = new Set<string>();
  readonly #written = new LastWritten();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  apply(redis: Client, event: AccountingEvent): Promise<Added> {
    const name = sessionName(event.gateway, event.sessionId);
    let likely = this.#likely(name, event);
    return this.#engine.decide(async () => {
      const lying = likely ?? (await lyingOf(redis, this.#engine, name, event.gateway));
      likely = undefined;
      return this.#attempt(redis, name, event, lying);
    });
  }

  /** What most likely lies there; Redis compares. */
  #likely(name: string, { kind }: AccountingEvent): Lying | undefined {
    const written = this.#written.take(name);
    if (written !== undefined) return { ...written, order: null };
    return kind === 'start' ? NOTHING_THERE : undefined;
  }

  async #attempt(redis: Client, name: string, told: AccountingEvent, lying: Lying): Promise<Added | typeof CHANGED> {
    const { keys } = this.#engine;
    const of = keys.gateway(told.gateway);
    const before = lying.record ?? decodeIf<SessionRecord>(lying.session);
    const event = await this.#withGrant(redis, told, before);
    const { session, added } = foldSession(before && toSession(before), event);
    const octets = added.downloadOctets + added.uploadOctets;
    const debt = await this.#debt(redis, name, before, event.grantId ?? session.grantId, octets);
    const after: SessionRecord = { ...toRecord(session, event.receivedAt), ...debt };

    await Promise.all([this.#noteUsageShare(redis, session.site, told.gateway), this.#index(name, before, after)]);
    const change = new Change();
    const text = writeSession(change, of, { lying: lying.session, record: before }, after);
    const grantLives = async (id: GrantId) => (await grantById(redis, keys, id)) !== undefined;
    const order = decodeIf<Parameters<typeof noteEnd>[0]>(lying.order);
    if (order !== undefined) {
      writeOrder(change, of, name, lying.order, await noteEnd(order, after, event.receivedAt, grantLives));
    } else change.expect(of.orders, name, null);
    this.#addToHour(change, session.site, event, added);
    if (!(await this.#engine.commit(change))) return CHANGED;
    if (order === undefined && runs(after)) this.#written.keep(name, { session: text, record: after });
    await settle(this.#engine, redis, name, after);
    if (after.grantId === undefined) await this.#unindex(name, before?.grantId, event.grantId);
    return added;
  }

  /** uspot does not return the grant's id; but the user name is that of a credential, which is still known then. */
  async #withGrant(redis: Client, event: AccountingEvent, before?: SessionRecord): Promise<AccountingEvent> {
    const { username, gateway } = event;
    if (event.grantId !== undefined || before?.grantId !== undefined || username === undefined) return event;
    const { keys } = this.#engine;
    if (isWord(username) && (await grantById(redis, keys, username)) !== undefined) {
      return { ...event, grantId: username };
    }
    const credential = await redeemed(redis, keys, username);
    return credential?.gateway === gateway ? { ...event, grantId: credential.grantId } : event;
  }

  /** What the session owes its grant from now on. What it owes another one is settled first. */
  async #debt(
    redis: Client,
    name: string,
    before: SessionRecord | undefined,
    grantId: GrantId | undefined,
    octets: number,
  ): Promise<{ readonly owed?: Owed; readonly stretch?: number }> {
    const { owed, stretch = 0 } = before ?? {};
    const same = { ...(owed !== undefined && { owed }), ...(stretch > 0 && { stretch }) };
    if (octets === 0 || grantId === undefined) return same;
    if (owed?.grantId === grantId) return { owed: { grantId, octets: owed.octets + octets }, stretch };
    if (before !== undefined && owed !== undefined) await credit(this.#engine, redis, name, before);
    return { owed: { grantId, octets }, stretch: stretch + 1 };
  }

  /** The hour in which it happened; a gateway whose clock runs ahead cannot write into the future. */
  #addToHour(change: Change, site: string, event: AccountingEvent, added: Added): void {
    const counted = Object.entries(added).filter(([, value]) => value !== 0);
    if (counted.length === 0) return;
    const hour = startOfHour(Math.max(0, Math.min(event.eventAt, event.receivedAt)));
    const name = `${site}\0${hourText(hour)}`;
    change.count(this.#engine.keys.gateway(event.gateway).usage, name, hour, counted);
  }

  /** Before anything is counted there: who adds up the site's hours has to look there. */
  async #noteUsageShare(redis: Client, site: string, gateway: string): Promise<void> {
    const share = shareOf(gateway);
    const noted = `${site}\0${share}`;
    if (this.#usageNoted.has(noted)) return;
    await redis.sadd(this.#engine.keys.site(site).usageShares(site), share);
    this.#usageNoted.add(noted);
  }

  /** Before the session is there: the way from a grant to its sessions. */
  async #index(name: string, before: SessionRecord | undefined, after: SessionRecord): Promise<void> {
    if (after.grantId === undefined || after.grantId === before?.grantId) return;
    const index = this.#engine.keys.grantIndex(after.grantId);
    await this.#engine.commit(
      new Change().write('HSET', index, `session ${name}`, '').write('PEXPIRE', index, INDEX_AFTERGLOW_MS),
    );
  }

  /** Of a session that is over; also the way that an attempt has left which did not know yet that it is. */
  async #unindex(name: string, ...led: readonly (GrantId | undefined)[]): Promise<void> {
    await Promise.all([...new Set(led)].map((id) => unindex(this.#engine, name, id)));
  }
}

export async function lyingOf(redis: Client, { keys }: Engine, name: string, gateway: string): Promise<Lying> {
  const of = keys.gateway(gateway);
  const [session, order] = await Promise.all([redis.hget(of.sessions, name), redis.hget(of.orders, name)]);
  return { session, order };
}

/** Takes the way from a grant to a session away. */
export async function unindex(engine: Engine, name: string, grantId: GrantId | undefined): Promise<void> {
  if (grantId === undefined) return;
  await engine.commit(new Change().write('HDEL', engine.keys.grantIndex(grantId), `session ${name}`));
}

/** Adds what a session owes to its grant; once, however often. */
export async function credit(
  engine: Engine,
  redis: Client,
  name: string,
  { owed, stretch = 0 }: SessionRecord,
): Promise<void> {
  if (owed === undefined) return;
  const { grantId, octets } = owed;
  const place = await placeOf(redis, engine.keys, grantId);
  if (place === undefined) return;
  const of = engine.keys.site(place.site);
  const channel = engine.keys.grantChanges();
  const values = [place.device, `"id":"${grantId}"`, `${name}\0${stretch}`, octets, channel, grantId];
  await engine.run(CREDIT, [of.grants, of.octets, of.credits(grantId)], values);
  engine.grants.changed(grantId);
}

/** The same; and the record of a session that is over forgets whom it owed. */
async function settle(engine: Engine, redis: Client, name: string, record: SessionRecord): Promise<void> {
  if (record.owed === undefined) return;
  await credit(engine, redis, name, record);
  if (runs(record)) return;
  const { owed: _, ...settled } = record;
  const { sessions } = engine.keys.gateway(record.gateway);
  // If somebody else has changed it meanwhile, they do this.
  await engine.commit(
    new Change().expect(sessions, name, encode(record)).write('HSET', sessions, name, encode(settled)),
  );
}
