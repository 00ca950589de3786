import type { Exam } from '../core/exam';
import type { Feedback } from '../core/feedback';
import type { Credential, Grant } from '../core/grant';
import type { Health, Outage, OutageChange } from '../core/health';
import type { ApId, GatewayId, GrantId, SiteId } from '../core/ids';
import type { Interval } from '../core/intervals';
import type { Claim, Claimed } from '../core/leases';
import type { DeviceAddress } from '../core/mac';
import type { MaintenanceWindow } from '../core/maintenance';
import type { OrderResult, RejectReason } from '../core/reasons';
import type { Audit, Census } from '../core/records';
import type { DayUse } from '../core/rules';
import type { AccountingEvent, Session, Usage } from '../core/session';
import type { EndOrder, EndScope, LimitsScope, SessionName } from '../core/session-end';
import type { Millis } from '../core/time';
import type { Soon } from '../runtime/soon';

/** What the portal asks to be granted when a visitor accepts the terms. */
export interface GrantRequest {
  readonly site: SiteId;
  readonly gateway: GatewayId;
  readonly device: DeviceAddress;
  readonly termsVersion: string;
  /** In which language the terms were shown; counted, not linked to the grant. */
  readonly language: string;
  readonly now: Millis;
  readonly expiresAt: Millis;
  /** Also issue a credential for this gateway to redeem. */
  readonly withCredential: boolean;
  /** When the page with the terms was shown: one that is accepted twice is one acceptance. */
  readonly shownAt?: Millis;
  /**
   * `time`: how long the grant lasts is kept until the day is over (until four in the morning), also after its end.
   * `volume`: how much it uses as well, and a new grant of the same day goes on from there.
   */
  readonly dayCount?: 'time' | 'volume';
}

export interface Granted {
  readonly grant: Grant;
  readonly credential?: Credential;
}

/** Grants and the credentials that carry them through a gateway. */
export interface GrantStore {
  /**
   * Makes a grant, or renews the live one of this device at this site (same id, octets kept), and counts the acceptance
   * by site, hour, terms version and language. A renewal takes back a credential that was not redeemed. One by a page
   * that was shown before the last acceptance changes nothing else: neither the end nor the count. Durable.
   */
  putGrant(request: GrantRequest): Promise<Granted>;
  /**
   * The live grant of a device at a site: asked for at each login. A driver that has it at hand gives it at once, without
   * a promise. It throws nothing: a fault is a promise that rejects.
   */
  findGrant(site: SiteId, device: DeviceAddress, now: Millis): Soon<Grant | undefined>;
  /**
   * A number that is another one once this grant was renewed, used or ended: while it stays the same as in the turn in
   * which `findGrant` gave the grant, or its promise did, that holds until the grant expires. Undefined while the driver
   * may not hear of every change. Where other processes change grants, it may stay for a second too long when the way on
   * which they say so breaks.
   */
  grantVersion?(id: GrantId): number | undefined;
  /** What a device has used today, where `dayCount` asked to keep it; nothing elsewhere. Otherwise like `findGrant`. */
  usedToday(site: SiteId, device: DeviceAddress, now: Millis): Soon<DayUse>;
  /** The live grant with this id. */
  getGrant(id: GrantId, now: Millis): Promise<Grant | undefined>;
  /** Ends a grant; true if there was one. Durable. */
  endGrant(id: GrantId, now: Millis): Promise<boolean>;

  /** The password that belongs to a user name, whether or not it was ever issued. Needs no disk: it is derived. */
  credentialPassword(username: string): string;
  /**
   * Redeems a credential. However many ask at the same time, exactly one gets the grant; and that one gets it again if it
   * asks by the same `request`, because its answer was lost and the repetition came to another process. Durable.
   */
  takeCredential(request: {
    readonly username: string;
    readonly gateway: GatewayId;
    readonly device: DeviceAddress;
    readonly now: Millis;
    /** The octets of the request, by which a repetition is known. */
    readonly request?: Buffer;
  }): Promise<{ readonly ok: true; readonly grant: Grant } | { readonly ok: false; readonly reason: RejectReason }>;

  /** Whether a gateway redeemed this credential: for the two minutes that it lives, and false from then on. */
  isRedeemed(username: string, now: Millis): Promise<boolean>;

  /** How often the terms were accepted, by hour; the newest last. */
  acceptances(site: SiteId, window: Interval): Promise<readonly AcceptanceCount[]>;

  /**
   * The same by month of UTC and language: by the hour, it would tell when the one reader of a language was there. Without
   * those of which there are fewer than `FEWEST_TOLD`.
   */
  acceptancesByLanguage(site: SiteId, window: Interval): Promise<readonly LanguageCount[]>;
}

export interface AcceptanceCount {
  readonly hour: Millis;
  readonly termsVersion: string;
  readonly count: number;
}

export interface LanguageCount {
  readonly month: Millis;
  readonly language: string;
  readonly count: number;
}

/** What a site's visitors used in one hour, all together. */
export interface HourlyUsage extends Usage {
  readonly hour: Millis;
  readonly sessions: number;
}

/** Sessions as accounting reports them. */
export interface SessionStore {
  /**
   * Folds an accounting packet into its session, adds what is new to the site's hour and to the grant. A packet that
   * came before adds nothing. A gateway that does not return the grant's id names it by the credential's user name.
   * The end of a session settles the order to end it; if it runs again without a grant, it is ordered to end once more.
   * Durable: only then may the gateway be answered.
   */
  applyAccounting(event: AccountingEvent): Promise<Usage & { readonly sessions: 0 | 1 }>;
  /**
   * The gateway started or stopped at that time (Accounting-On, -Off): its running sessions are over, but for those of
   * which something later is known. Returns how many. Durable.
   */
  closeSessionsOf(gateway: GatewayId, at: Millis, now: Millis): Promise<number>;
  /** Closes sessions from which nothing was heard since `silentSince`. Returns how many. Durable. */
  closeSilentSessions(silentSince: Millis, now: Millis): Promise<number>;
  /** One session, also for five minutes after its end. */
  getSession(gateway: GatewayId, sessionId: string): Promise<Session | undefined>;
  /** Running sessions by site; a number, never a list. */
  countSessions(): Promise<ReadonlyMap<SiteId, number>>;
  /** Totals by hour that overlap the window; the newest last. */
  siteUsage(site: SiteId, window: Interval): Promise<readonly HourlyUsage[]>;
}

/** Orders to end sessions: given by portal, command line and clock, carried out by the RADIUS role. */
export interface EndStore {
  /**
   * Ends the grants of the scope, so that their devices are refused from now on, then orders the end of its running
   * sessions. A session whose end is ordered already keeps that order. Durable.
   * @returns how many grants ended, and the sessions whose order is not settled
   */
  orderEnd(
    scope: EndScope,
    now: Millis,
  ): Promise<{ readonly grants: number; readonly sessions: readonly SessionName[] }>;
  /**
   * Orders that the running sessions of the scope get the limits that hold now. One whose end is ordered keeps that
   * order. Durable.
   * @returns the sessions that got the order, or have it
   */
  orderLimits(scope: LimitsScope, now: Millis): Promise<readonly SessionName[]>;
  /**
   * Takes orders that are due, the longest due first. Each counts one more try, and falls due again at `until` unless
   * it is settled or put off before: nobody else takes it meanwhile. Durable.
   * @param gateways  only orders for these; without it, for all
   */
  takeDueEnds(
    now: Millis,
    limit: number,
    until: Millis,
    gateways?: ReadonlySet<GatewayId>,
  ): Promise<readonly EndOrder[]>;
  /**
   * Writes down how an order went. One that accounting has settled meanwhile, or of another kind, stays as it is. Durable.
   */
  settleEnd(session: Pick<EndOrder, 'gateway' | 'sessionId' | 'kind'>, result: OrderResult, now: Millis): Promise<void>;
  /** Puts an order of this kind off, if it is not settled. Durable. */
  deferEnd(session: Pick<EndOrder, 'gateway' | 'sessionId' | 'kind'>, dueAt: Millis): Promise<void>;
  /** The order for a session; a settled one for five minutes. */
  getEnd(session: SessionName): Promise<EndOrder | undefined>;
}

/** A visitor who was granted access and whom the gateway lets in as soon as it asks us (openNDS's authmon). */
export interface WaitingVisitor {
  readonly gateway: GatewayId;
  /** How the gateway calls the visitor; says nothing about the device. */
  readonly id: string;
  /** What the gateway is told, in its own words. */
  readonly line: string;
  readonly since: Millis;
  readonly expiresAt: Millis;
}

/** Visitors of one gateway that wait at a time: more than it can fetch in their two minutes. Who forges them fills no memory. */
export const MOST_WAITING = 2_000;

/**
 * Visitors that a gateway has not fetched yet. Here and not in the portal's memory, because the gateway may ask another
 * process than the one that took the acceptance. Nothing is durable: who is lost is before the gateway still, and taps
 * again; the grant is there.
 */
export interface WaitingStore {
  /** Lets a visitor wait; one with the same id before it is replaced, and beyond MOST_WAITING who has waited longest goes. */
  putWaiting(visitor: WaitingVisitor): Promise<void>;
  /** Whom the gateway is told of now: those told least often first, then those who have waited longest. They stay. */
  takeWaiting(gateway: GatewayId, limit: number, now: Millis): Promise<readonly WaitingVisitor[]>;
  /** The gateway let them in. */
  settleWaiting(gateway: GatewayId, ids: readonly string[]): Promise<void>;
  /** Forgets who has been waiting since before that moment: the gateway started anew and knows them no more. */
  forgetWaiting(gateway: GatewayId, before: Millis): Promise<void>;
  isWaiting(gateway: GatewayId, id: string, now: Millis): Promise<boolean>;
}

/** Health and outages of access points. */
export interface HealthStore {
  /**
   * Keeps the health of an access point and, if its state changed, the outage that began, ended or goes on for another
   * cause. One that begins at the same moment as a former one is that one, going on; one that begins while another lasts
   * only changes the cause of that. An end without a cause leaves the cause as it is. Durable.
   */
  putHealth(ap: ApId, health: Health, change?: OutageChange): Promise<void>;
  /** The health of every access point ever kept. `firstSeenAt`: its first answer. */
  allHealth(): Promise<ReadonlyMap<ApId, { readonly health: Health; readonly firstSeenAt?: Millis }>>;
  /** The health of these, as far as any was kept. */
  healthOf(aps: readonly ApId[]): Promise<ReadonlyMap<ApId, Health>>;
  /** Outages that overlap the window, the oldest first. */
  outages(ap: ApId, window: Interval): Promise<readonly Outage[]>;
  /**
   * The controller says: "I have been watching until `now`." If its last word is longer ago than `tolerance`, the time
   * between is kept as unwatched. A word from before the last one takes that back: the clock was ahead and is right again,
   * or the controller finds that it has been cut off since. Then nothing after it is kept as unwatched. Durable.
   */
  watch(now: Millis, tolerance: Millis): Promise<void>;
  /** When no controller watched, within the window. The time since its last word counts only beyond `tolerance`. */
  unwatched(window: Interval, tolerance: Millis): Promise<readonly Interval[]>;
  /** Keeps a window of maintenance; one of this id before it is replaced. Durable. */
  putMaintenance(window: MaintenanceWindow): Promise<void>;
  /** The windows whose time (`timeOf`) overlaps the one asked about, the earliest first, then by id. */
  maintenance(window: Interval): Promise<readonly MaintenanceWindow[]>;
}

/** What is kept about one acceptance of the terms. */
export interface HeldRecords {
  /** Live, or expired and not forgotten yet. */
  readonly grant?: Grant;
  /** What is kept of its device's earlier grants of the day, where the day counts. It stays when the grant has ended. */
  readonly usedBefore?: DayUse;
  /** Those that run. From its end on nothing leads from a session to its grant. */
  readonly sessions: readonly Session[];
}

/** Art. 15 GDPR: for the visitor whose grant it is. */
export interface DisclosureStore {
  /**
   * The grant and what leads to it. Never the pseudonym, which would be one more trace outside the store; nor credentials,
   * of which a hash stays for a few minutes.
   */
  recordsOf(id: GrantId): Promise<HeldRecords>;
}

/** What people write to the town about its Wi-Fi. Text and contact lie encrypted. */
export interface FeedbackStore {
  /**
   * Keeps an entry that is not done. `known`: one with this reference is there already, as when a form is sent twice;
   * `full`: `limit` entries are open. Durable.
   */
  putFeedback(entry: Feedback, limit: number): Promise<'kept' | 'known' | 'full'>;
  /** All entries, the one due first first. */
  listFeedback(): Promise<readonly Feedback[]>;
  /** Marks an entry as done; false if there is no open one of this reference. Durable. */
  closeFeedback(reference: string, now: Millis): Promise<boolean>;
  /** Those that are not done, and how many of them are due. */
  countFeedback(now: Millis): Promise<{ readonly open: number; readonly overdue: number }>;
}

/** Exams: switched on and off by the school or the town. */
export interface ExamStore {
  /** Sets the exam of a site; one that was set before is replaced. Durable. */
  putExam(exam: Exam): Promise<void>;
  /** Ends the exam of a site; true if one was running. Durable. */
  endExam(site: SiteId, now: Millis): Promise<boolean>;
  /** The exam that runs at a site. Asked for with each page; otherwise like `findGrant`. */
  findExam(site: SiteId, now: Millis): Soon<Exam | undefined>;
  /** All exams that run, by site. */
  exams(now: Millis): Promise<ReadonlyMap<SiteId, Exam>>;
}

/** Work that several processes share, so that each piece of it is done by one of them at a time (core/leases). */
export interface LeaseStore {
  /** Says that a process is there, and gives it its share. Not durable: who lost a piece hears it at its next claim. */
  claim(claim: Claim): Promise<Claimed>;
  /** Gives up pieces on which the work has ended; without `pieces` all of them, and the process leaves. */
  giveUp(work: string, holder: string, pieces?: readonly number[]): Promise<void>;
}

/** Words of ours that serve once: here, because the second time may be at another process. */
export interface OnceStore {
  /**
   * Whether this word is shown for the first time; of all who show it at the same time one is told so. Not durable.
   * @param until  from then on it serves nobody anyhow
   */
  takeOnce(word: string, until: Millis, now: Millis): Soon<boolean>;
}

/** Whether everything is forgotten in time. */
export interface AuditStore {
  /**
   * Counts what is held now, of every class of record that core/records declares, keys in files included. It goes through
   * all records, in pieces, so that others get their turn: now and then, not for each visitor.
   */
  census(now: Millis): Promise<Census>;
  /** Keeps what an audit found in place of the one before. Durable. */
  putAudit(audit: Audit): Promise<void>;
  lastAudit(): Promise<Audit | undefined>;
}

/** What one class of record may keep, and until when. */
export interface Retention {
  /** Outages, maintenance, totals and acceptance counts older than this are forgotten. */
  readonly historyBefore: Millis;
}

export interface Store
  extends GrantStore,
    SessionStore,
    EndStore,
    WaitingStore,
    HealthStore,
    DisclosureStore,
    FeedbackStore,
    ExamStore,
    LeaseStore,
    OnceStore,
    AuditStore {
  /**
   * Forgets what has had its time: expired grants and credentials, sessions five minutes after their end and the orders
   * to end them five minutes after they were settled, what devices used once the day is over, exams, feedback a month after it was done, dead keys, old history; all
   * as core/records says. Durable: what is forgotten cannot be read from the files any more once they are compacted.
   */
  forget(now: Millis, retention: Retention): Promise<void>;
  /** Resolves if the store can read and write now; rejects with an OperatorError saying why not. */
  check(): Promise<void>;
  /**
   * By how much this machine's clock is ahead of the one by which leases and the watch are reckoned (negative: behind). 0
   * where one machine has the store for itself.
   */
  clockAhead(): Promise<Millis>;
  /** Finishes what is under way and closes. Operations after that reject. */
  close(): Promise<void>;
}

export { SESSION_AFTERGLOW_MS } from '../core/session';
