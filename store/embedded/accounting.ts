import type { SiteId } from '../../core/ids';
import { addOctets } from '../../core/octets';
import { type AccountingEvent, foldSession } from '../../core/session';
import { type Millis, startOfHour } from '../../core/time';
import type { SessionStore } from '../store';
import { redeemed } from './credential-place';
import { noteEnd } from './ends';
import type { Engine } from './engine';
import { grantById } from './grants';
import { eachOf, Groups, type Outcome } from './groups';
import { type RunningSessions, runs, toRecord, toSession } from './running';
import { type SessionRecord, sessionKey } from './session-record';
import type { UsageRecord } from './tables';

type Added = Awaited<ReturnType<SessionStore['applyAccounting']>>;

/** What a report changes beside its own session. */
interface Applied {
  readonly added: Added;
  readonly site: SiteId;
  /** By how many more sessions run. */
  readonly change: number;
}

/** Folds reports in groups: the totals of a site's hour are shared. A report that cannot be folded is refused by itself. */
export class AccountingGroups {
  readonly #groups: Groups<AccountingEvent, Applied, Added>;

  constructor(engine: Engine, running: RunningSessions) {
    this.#groups = new Groups(
      engine,
      (events) => applyAll(engine, events),
      ({ added, site, change }) => {
        running.change(site, change);
        return added;
      },
    );
  }

  /** @returns what the report adds, once it is on disk */
  apply(event: AccountingEvent): Promise<Added> {
    return this.#groups.add(event);
  }
}

/** To be called inside a writing operation. */
function applyAll(engine: Engine, events: readonly AccountingEvent[]): Outcome<Applied>[] {
  const hours = new SiteHours(engine);
  const applied = eachOf(events, (event) => apply(engine, hours, event));
  hours.write();
  return applied;
}

/** First everything is read and decided, then written: a report that throws has changed nothing. */
function apply(engine: Engine, hours: SiteHours, event: AccountingEvent): Applied {
  const { sessions, grants } = engine.tables;
  const key = sessionKey(event.gateway, event.sessionId);
  const before = sessions.get(key);
  const { session, added } = foldSession(before && toSession(before), withGrant(engine, event, before));
  const octets = added.downloadOctets + added.uploadOctets;
  const grantId = event.grantId ?? session.grantId;
  const grant = octets === 0 || grantId === undefined ? undefined : grantById(engine, grantId);

  const after = toRecord(session, event.receivedAt);
  sessions.put(key, after);
  noteEnd(engine, key, after, event.receivedAt);
  hours.add(session.site, event, added);
  if (grant !== undefined) {
    grants.put(grant.device, { ...grant.record, usedOctets: addOctets(grant.record.usedOctets, octets) });
    engine.changesGrant(grant.record.id);
  }
  const change = Number(runs(after)) - Number(before !== undefined && runs(before));
  return { added, site: session.site, change };
}

/** uspot does not return the grant's id; but the user name is that of a credential, which the store still knows then. */
function withGrant(engine: Engine, event: AccountingEvent, before?: SessionRecord): AccountingEvent {
  const { username, gateway } = event;
  if (event.grantId !== undefined || before?.grantId !== undefined || username === undefined) return event;
  if (grantById(engine, username) !== undefined) return { ...event, grantId: username };
  const credential = redeemed(engine, username, event.receivedAt);
  return credential?.gateway === gateway ? { ...event, grantId: credential.grantId } : event;
}

/** The totals of sites' hours that a group adds to: read once and written once. */
class SiteHours {
  readonly #engine: Engine;
  readonly #bySite = new Map<SiteId, Map<Millis, UsageRecord>>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** The hour in which it happened; a gateway whose clock runs ahead cannot write into the future. */
  add(site: SiteId, event: AccountingEvent, added: Added): void {
    if (added.sessions + added.seconds + added.downloadOctets + added.uploadOctets === 0) return;
    const hour = startOfHour(Math.max(0, Math.min(event.eventAt, event.receivedAt)));
    const hours = this.#bySite.get(site) ?? new Map<Millis, UsageRecord>();
    const before = hours.get(hour) ?? this.#engine.tables.usage.get([site, hour]);
    this.#bySite.set(site, hours);
    hours.set(hour, {
      sessions: (before?.sessions ?? 0) + added.sessions,
      seconds: (before?.seconds ?? 0) + added.seconds,
      downloadOctets: addOctets(before?.downloadOctets ?? 0, added.downloadOctets),
      uploadOctets: addOctets(before?.uploadOctets ?? 0, added.uploadOctets),
    });
  }

  write(): void {
    const { usage } = this.#engine.tables;
    for (const [site, hours] of this.#bySite) for (const [hour, total] of hours) usage.put([site, hour], total);
  }
}
