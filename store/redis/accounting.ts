import { type GatewayId, type GrantId, isWord, type SiteId } from '../../core/ids';
import { type AccountingEvent, foldSession } from '../../core/session';
import type { EndOrder } from '../../core/session-end';
import { type Millis, startOfHour } from '../../core/time';
import type { SessionStore } from '../store';
import { Change } from './change';
import { redeemed } from './credentials';
import { CHANGED, type Client, type Engine } from './engine';
import { type GrantPlace, grantById, INDEX_AFTERGLOW_MS, placeOf } from './kept-grant';
import { type GatewayKeys, hourText, shareOf } from './keys';
import { Lately } from './lately';
import { noteEnd, writeOrder } from './orders';
import { decodeIf, encode, type Owed, type SessionRecord, sessionName } from './records';
import type { Report } from './report-call';
import { ReportQueue } from './report-queue';
import { listingOf, runs, toRecord, writeSession } from './session-change';

type Added = Awaited<ReturnType<SessionStore['applyAccounting']>>;

/** What is known of a session, as it lies there. */
export interface Lying {
  readonly session: string | null;
  readonly order: string | null;
  /** What `session` says, where that is at hand. */
  readonly record?: SessionRecord;
}

const NOTHING_THERE: Lying = { session: null, order: null };

/** A session as this process has written it last. */
interface Written {
  readonly session: string;
  readonly record: SessionRecord;
  /** Nobody had ordered its end. */
  readonly order: null;
}

/** A report, with everything that has to be read or written elsewhere before it can be folded. */
interface Ready {
  readonly name: string;
  readonly event: AccountingEvent;
  readonly lying: string | null;
  readonly before: SessionRecord | undefined;
}

/**
 * Folds reports into their sessions. A report goes through three slots: session and hour are written in one change; the
 * grant's octets lie elsewhere, so the session says what it owes its grant, and that is added there once. Who dies in
 * between has not answered the gateway: it asks again, and what is owed is added then.
 */
export class Accounting {
  readonly #engine: Engine;
  readonly #reports: ReportQueue;
  /** For each site, the gateway shares of which it is written down that they belong together. */
  readonly #usageNoted = new Map<SiteId, Set<GatewayKeys>>();
  readonly #entries = new HourEntries();
  readonly #written = new Lately<Written>();
  /** Where the grants of running sessions lie, which never changes. */
  readonly #places = new Lately<GrantPlace>();

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#reports = new ReportQueue(engine);
  }

  async apply(event: AccountingEvent): Promise<Added> {
    const name = sessionName(event.gateway, event.sessionId);
    const likely = this.#likely(name, event);
    if (likely === undefined || this.#engine.isClosing || !this.#isReady(event, likely.record)) {
      return this.#engine.operation((redis) => this.#decide(redis, name, event, likely));
    }
    // The usual report is on a session that this process has written last: nothing need be asked for.
    const ready = { name, event, lying: likely.session, before: likely.record };
    const { added, report } = this.#fold(ready);
    if (!(await this.#reports.write(report))) {
      return this.#engine.operation((redis) => this.#decide(redis, name, event));
    }
    this.#keep(report);
    if (hasMoreToDo(ready, report)) await this.#engine.operation((redis) => this.#finish(redis, ready, report));
    return added;
  }

  /** What most likely lies there; Redis compares. */
  #likely(name: string, { kind }: AccountingEvent): Lying | undefined {
    return this.#written.take(name) ?? (kind === 'start' ? NOTHING_THERE : undefined);
  }

  /** Whether nothing has to be asked or written elsewhere first. */
  #isReady({ gateway, site, grantId, username }: AccountingEvent, before: SessionRecord | undefined): boolean {
    const known = before?.grantId;
    if (known === undefined ? (grantId ?? username) !== undefined : (grantId ?? known) !== known) return false;
    if (before?.owed !== undefined && before.owed.grantId !== known) return false;
    return this.#isNoted(before?.site ?? site, gateway);
  }

  #decide(redis: Client, name: string, told: AccountingEvent, likely?: Lying): Promise<Added> {
    let at = likely;
    return this.#engine.decide(async () => {
      const lying = at ?? (await lyingOf(redis, this.#engine, name, told.gateway));
      at = undefined;
      const before = lying.record ?? decodeIf<SessionRecord>(lying.session);
      const event = await this.#withGrant(redis, told, before);
      const ready = { name, event, lying: lying.session, before };
      await this.#payOther(redis, ready);
      const { added, report } = this.#fold(ready);
      await Promise.all([this.#noteUsageShare(report.after.site, told.gateway), this.#index(report, before)]);
      if (!(await this.#write(redis, ready, report, lying.order))) return CHANGED;
      await this.#finish(redis, ready, report);
      return added;
    });
  }
  /** uspot does not return the grant's id; but the user name is that of a credential, which lives a little longer. */
  async #withGrant(redis: Client, event: AccountingEvent, before?: SessionRecord): Promise<AccountingEvent> {
    const { username, gateway, receivedAt } = event;
    if (event.grantId !== undefined || before?.grantId !== undefined || username === undefined) return event;
    const { keys } = this.#engine;
    if (isWord(username) && (await grantById(redis, keys, username)) !== undefined) {
      return { ...event, grantId: username };
    }
    const credential = await redeemed(redis, keys, username, receivedAt);
    return credential?.gateway === gateway ? { ...event, grantId: credential.grantId } : event;
  }

  /** What it owes another grant is added there before it is forgotten. */
  async #payOther(redis: Client, { name, event, before }: Ready): Promise<void> {
    if (before?.owed === undefined || before.owed.grantId === (event.grantId ?? before.grantId)) return;
    await credit(this.#engine, redis, name, before);
  }

  #fold({ name, event, lying, before }: Ready): { readonly added: Added; readonly report: Report } {
    const { session, added } = foldSession(before, event);
    const octets = added.downloadOctets + added.uploadOctets;
    const record = toRecord(session, event.receivedAt);
    const debt = debtOf(before, event.grantId ?? session.grantId, octets, event.receivedAt);
    const after = debt === undefined ? record : withDebt(record, debt);
    // A gateway whose clock runs ahead cannot write into the future.
    const hour = startOfHour(Math.max(0, Math.min(event.eventAt, event.receivedAt)));
    const entry = this.#entries.of(session.site, hour);
    const of = this.#engine.keys.gateway(event.gateway);
    const listing = listingOf(name, before, after);
    return { added, report: { of, name, lying, after, text: encode(after), listing, entry, hour, added } };
  }

  /** @returns whether nothing had changed meanwhile */
  async #write(redis: Client, { event, before }: Ready, report: Report, order: string | null): Promise<boolean> {
    const lying = decodeIf<EndOrder>(order);
    if (lying === undefined) {
      const isDone = await this.#reports.write(report);
      if (isDone) this.#keep(report);
      return isDone;
    }
    const { of, name, after, added, entry, hour } = report;
    const change = new Change();
    writeSession(change, of, { lying: report.lying, record: before }, after);
    const grantLives = async (id: GrantId) => (await grantById(redis, this.#engine.keys, id)) !== undefined;
    writeOrder(change, of, name, order, await noteEnd(lying, after, event.receivedAt, grantLives));
    const counted = Object.entries(added).filter(([, value]) => value !== 0);
    if (counted.length > 0) change.count(of.usage, entry, hour, counted);
    return this.#engine.commit(change);
  }

  #keep({ name, text, after }: Report): void {
    if (runs(after)) this.#written.keep(name, { session: text, record: after, order: null });
  }

  async #finish(redis: Client, { name, event, before }: Ready, { after }: Report): Promise<void> {
    await settle(this.#engine, redis, name, after, this.#places);
    // Of a session that is over; also the way that an attempt has left which did not know yet that it is.
    if (after.grantId !== undefined) return;
    await Promise.all([...new Set([before?.grantId, event.grantId])].map((id) => unindex(this.#engine, name, id)));
  }

  /** Before anything is counted there, and as durable: who adds up the site's hours has to look there. */
  async #noteUsageShare(site: SiteId, gateway: GatewayId): Promise<void> {
    if (this.#isNoted(site, gateway)) return;
    const { keys } = this.#engine;
    await this.#engine.commit(new Change().write('SADD', keys.site(site).usageShares(site), shareOf(gateway)));
    const noted = this.#usageNoted.get(site) ?? new Set();
    this.#usageNoted.set(site, noted.add(keys.gateway(gateway)));
  }

  #isNoted(site: SiteId, gateway: GatewayId): boolean {
    return this.#usageNoted.get(site)?.has(this.#engine.keys.gateway(gateway)) ?? false;
  }

  /** Before the session is there: the way from a grant to its sessions. */
  async #index({ name, after }: Report, before: SessionRecord | undefined): Promise<void> {
    if (after.grantId === undefined || after.grantId === before?.grantId) return;
    const index = this.#engine.keys.grantIndex(after.grantId);
    await this.#engine.commit(
      new Change().write('HSET', index, `session ${name}`, '').write('PEXPIRE', index, INDEX_AFTERGLOW_MS),
    );
  }
}

/** How the entries of an hour are called: made once for each site and hour, and not with each report. */
class HourEntries {
  readonly #latest = new Map<SiteId, { readonly hour: Millis; readonly entry: string }>();

  of(site: SiteId, hour: Millis): string {
    const latest = this.#latest.get(site);
    if (latest?.hour === hour) return latest.entry;
    const entry = `${site}\0${hourText(hour)}`;
    this.#latest.set(site, { hour, entry });
    return entry;
  }
}

function hasMoreToDo({ before, event }: Ready, { after }: Report): boolean {
  return after.owed !== undefined || (after.grantId === undefined && (before?.grantId ?? event.grantId) !== undefined);
}

interface Debt {
  readonly owed: Owed | undefined;
  readonly stretch: number;
}

function withDebt(record: SessionRecord, { owed, stretch }: Debt): SessionRecord {
  return owed === undefined ? { stretch, ...record } : { owed, stretch, ...record };
}

/** What the session owes its grant from now on, if it ever owed anything. */
function debtOf(
  { owed, stretch }: Pick<SessionRecord, 'owed' | 'stretch'> = {},
  grantId: GrantId | undefined,
  octets: number,
  now: Millis,
): Debt | undefined {
  if (octets === 0 || grantId === undefined) return stretch === undefined ? undefined : { owed, stretch };
  if (stretch === undefined) return { owed: { grantId, octets }, stretch: now };
  if (owed?.grantId === grantId) return { owed: { grantId, octets: owed.octets + octets }, stretch };
  return { owed: { grantId, octets }, stretch: stretch + 1 };
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

/**
 * Adds what a session owes to its grant; once, however often. A grant that is gone gets nothing.
 * @param places  where that grant is known to lie, and will be
 */
export async function credit(
  engine: Engine,
  redis: Client,
  name: string,
  record: SessionRecord,
  places?: Lately<GrantPlace>,
): Promise<void> {
  const { owed, stretch } = record;
  if (owed === undefined) return;
  const { grantId, octets } = owed;
  const known = places?.take(grantId);
  const place = known ?? (await placeOf(redis, engine.keys, grantId));
  if (place === undefined) return;
  if (runs(record)) places?.keep(grantId, place);
  const of = engine.keys.site(place.site);
  await engine.credit({ of, device: place.device, grantId, session: `${name}\0${stretch}`, octets });
}

/** The same; and the record of a session that is over forgets whom it owed. */
async function settle(
  engine: Engine,
  redis: Client,
  name: string,
  record: SessionRecord,
  places: Lately<GrantPlace>,
): Promise<void> {
  if (record.owed === undefined) return;
  await credit(engine, redis, name, record, places);
  if (runs(record)) return;
  const { owed: _, ...settled } = record;
  const { sessions } = engine.keys.gateway(record.gateway);
  // If somebody else has changed it meanwhile, they do this.
  await engine.commit(
    new Change().expect(sessions, name, encode(record)).write('HSET', sessions, name, encode(settled)),
  );
}
