import { usageOf } from '../../core/session';
import { DAY, SECOND } from '../../core/time';
import { systemClock } from '../../runtime/clock';
import type { Store } from '../../store/store';
import type { LoadGateway } from './load-gateway';

const TURN_MS = 5;
/** What one record adds to its session. */
const OCTETS = 1_000;

/** What a session was told to have used, and what of it was acknowledged. */
interface Session {
  readonly gateway: LoadGateway;
  readonly sessionId: string;
  readonly grantId: string | undefined;
  sent: number;
  acknowledged: number;
  /** When the last record was acknowledged, by the monotonic clock. */
  acknowledgedAt: number;
  isSilent: boolean;
}

/**
 * Accounting at a steady pace for as long as the server keeps up: each session has one record under way at a time, as
 * gateways do it, and the ledger knows what was acknowledged.
 */
export class AccountingLoad {
  readonly #sessions: Session[] = [];
  readonly #idle: Session[] = [];
  readonly #perSecond: number;
  readonly #began = systemClock.monotonic();
  /** Records that should have begun by now. */
  #due = 0;
  #lastTurn = 0;
  #holding = false;
  #timer: NodeJS.Timeout | undefined;
  #underWay = 0;
  #begun = 0;
  #activeMs = 0;
  records = 0;

  /** @param perSecond  records */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Sessions of a gateway; their records belong to the grant, if there is one. */
  add(gateway: LoadGateway, count: number, name: string, grantId?: string): void {
    for (let i = 0; i < count; i++) {
      const session = {
        gateway,
        sessionId: `${name}-${i}`,
        grantId,
        sent: 0,
        acknowledged: 0,
        acknowledgedAt: 0,
        isSilent: false,
      };
      this.#sessions.push(session);
      this.#idle.push(session);
    }
  }

  start(): void {
    this.stop();
    this.#lastTurn = systemClock.monotonic();
    this.#timer = setInterval(() => this.#turn(), TURN_MS);
  }

  /** Nothing new is sent; what is under way is still sent again. */
  hold(): void {
    this.#holding = true;
  }

  /** From now on every other session tells nothing new until the end: a later record would hide that this one is lost. */
  silence(): void {
    for (const [i, session] of this.#sessions.entries()) session.isSilent = i % 2 === 0;
  }

  goOn(): void {
    this.#holding = false;
  }

  /** Ends it: each session reports once more until that is acknowledged, as gateways do with their last record. */
  async settle(): Promise<void> {
    clearInterval(this.#timer);
    while (this.#underWay > 0) await new Promise((resolve) => setTimeout(resolve, TURN_MS));
    await Promise.all(
      this.#sessions.map(async (session) => {
        session.sent += OCTETS;
        while (!(await this.#send(session)));
      }),
    );
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** How many records a second gateways had to tell while nothing was held, and how many were acknowledged. */
  pace(): { readonly offeredPerSecond: number; readonly perSecond: number } {
    const each = (count: number) => Math.round((count / this.#activeMs) * SECOND);
    return { offeredPerSecond: each(this.#begun), perSecond: each(this.records) };
  }

  /** When a record of these gateways was acknowledged last. */
  lastAcknowledged(gateways: ReadonlySet<string>): number {
    const of = this.#sessions.filter(({ gateway }) => gateways.has(gateway.id));
    return Math.max(...of.map(({ acknowledgedAt }) => acknowledgedAt));
  }

  /** What is missing in the store of what was acknowledged, and what is in it that nobody sent. Sessions only. */
  async losses(store: Store): Promise<string[]> {
    const promised = this.#sessions.map((session) => ({ session, acknowledged: session.acknowledged }));
    const found = await Promise.all(
      promised.map(async ({ session, acknowledged }) => {
        const kept = await keptOf(store, session);
        if (kept < acknowledged) return `${session.sessionId}: ${acknowledged} acknowledged, ${kept} kept`;
        return kept > session.sent ? `${session.sessionId}: ${session.sent} sent, ${kept} kept` : [];
      }),
    );
    return found.flat();
  }

  /** After `settle`: the same, and whether the sums of sites and grants are those of their sessions. */
  async differences(store: Store): Promise<string[]> {
    const differences = await this.losses(store);
    const sites = new Map<string, number>();
    const grants = new Map<string, number>();
    const kepts = await Promise.all(this.#sessions.map((session) => keptOf(store, session)));
    for (const [i, session] of this.#sessions.entries()) {
      const kept = kepts[i] ?? 0;
      add(sites, session.gateway.site, kept);
      if (session.grantId !== undefined) add(grants, session.grantId, kept);
    }
    const now = systemClock.now();
    for (const [site, octets] of sites) {
      const hours = await store.siteUsage(site, { from: 0, to: now + DAY });
      const total = hours.reduce((sum, hour) => sum + hour.downloadOctets, 0);
      if (total !== octets) differences.push(`${site}: sessions add up to ${octets}, hours to ${total}`);
    }
    for (const [grant, octets] of grants) {
      const used = (await store.getGrant(grant, now))?.usedOctets;
      if (used !== octets) differences.push(`grant: sessions add up to ${octets}, but ${used} are counted`);
    }
    return differences;
  }

  #turn(): void {
    const now = systemClock.monotonic();
    const passedMs = now - this.#lastTurn;
    this.#lastTurn = now;
    if (this.#holding) return;
    this.#activeMs += passedMs;
    this.#due = Math.min(this.#due + (passedMs / SECOND) * this.#perSecond, this.#perSecond / 2);
    for (; this.#due >= 1; this.#due--) {
      const at = this.#idle.findIndex(({ isSilent }) => !isSilent);
      const [session] = at < 0 ? [] : this.#idle.splice(at, 1);
      if (session === undefined) return;
      session.sent += OCTETS;
      this.#begun += 1;
      void this.#send(session).then(() => this.#idle.push(session));
    }
  }

  async #send(session: Session): Promise<boolean> {
    const { gateway, sessionId, grantId, sent } = session;
    const seconds = Math.floor((systemClock.monotonic() - this.#began) / SECOND);
    this.#underWay += 1;
    const acknowledged = await gateway.account({ sessionId, seconds, downloadOctets: sent, grantId });
    this.#underWay -= 1;
    if (!acknowledged) return false;
    this.records += 1;
    session.acknowledged = sent;
    session.acknowledgedAt = systemClock.monotonic();
    return true;
  }
}

async function keptOf(store: Store, { gateway, sessionId }: Session): Promise<number> {
  const session = await store.getSession(gateway.id, sessionId);
  return session === undefined ? 0 : usageOf(session).downloadOctets;
}

function add(sums: Map<string, number>, name: string, octets: number): void {
  sums.set(name, (sums.get(name) ?? 0) + octets);
}
