import type { OpenndsGateway } from '../../../config/schema';
import type { GatewayId, SiteId } from '../../../core/ids';
import type { Usage } from '../../../core/session';
import { type Millis, SECOND } from '../../../core/time';
import type { Clock } from '../../../runtime/clock';
import type { EndStore, SessionStore } from '../../../store/store';
import { openGrant } from './grant-seal';
import { FRESH_FOR, type Report, readReport, type SessionReport, writeAnswer } from './report';

/** Orders in one answer, and how long the agent has to carry them out until it is told again. */
const MOST_ORDERS = 20;
const TAKEN_FOR = 30 * SECOND;

export const AGENT_RESULTS = ['taken', 'clock-differs', 'forged', 'repeated'] as const;
export type AgentResult = (typeof AGENT_RESULTS)[number];

type Used = (site: SiteId, added: Usage & { readonly sessions: number }) => void;

export interface AgentAnswer {
  readonly result: AgentResult;
  /** What to answer; nothing to somebody who may not be the agent. */
  readonly body?: string;
}

/**
 * Takes the reports of stadtfunk-agent. A report that is seen again is refused; by another process, which did not see
 * it, it would be taken and add nothing, as accounting is folded by maxima and an order is settled once.
 */
export class AgentReports {
  readonly #store: SessionStore & EndStore;
  readonly #clock: Clock;
  readonly #used: Used;
  /** Signatures, and when a report with it is too old anyhow; the oldest first. */
  readonly #seen = new Map<string, Millis>();

  /** @param used  is told what each report adds */
  constructor(store: SessionStore & EndStore, clock: Clock, used: Used) {
    this.#store = store;
    this.#clock = clock;
    this.#used = used;
  }

  /** Resolves when the store has what the report says: the agent keeps it until then. */
  async take(gateway: OpenndsGateway, text: string): Promise<AgentAnswer> {
    const secret = gateway.agentSecret?.reveal();
    const report = secret === undefined ? undefined : readReport(text, gateway.id, secret);
    if (secret === undefined || report === undefined) return { result: 'forged' };
    const now = this.#clock.now();
    if (Math.abs(now - report.sentAt) > FRESH_FOR) {
      // An access point without a battery learns the time late; with this it need not.
      const body = writeAnswer(report, secret, [`time ${Math.floor(now / SECOND)}`]);
      return { result: 'clock-differs', body };
    }
    if (!this.#isNew(report, now)) return { result: 'repeated' };
    for (const line of report.lines) {
      if (line.kind === 'settled') {
        const result = line.result === 'ended' ? 'done' : 'session-unknown';
        await this.#store.settleEnd({ gateway: gateway.id, sessionId: line.sessionId }, result, now);
      } else await this.#account(gateway, line, report.sentAt, now);
    }
    const lines = ['ok', ...(await this.#orders(gateway.id, now))];
    return { result: 'taken', body: writeAnswer(report, secret, lines) };
  }

  /** What the agent is to end. openNDS cannot give a running session other limits. */
  async #orders(gateway: GatewayId, now: Millis): Promise<string[]> {
    const orders = await this.#store.takeDueEnds(now, MOST_ORDERS, now + TAKEN_FOR, new Set([gateway]));
    for (const order of orders.filter(({ kind }) => kind === 'limits')) {
      await this.#store.settleEnd(order, 'unsupported', now);
    }
    return orders.filter(({ kind }) => kind === undefined).map(({ sessionId }) => `end ${sessionId}`);
  }

  /** Times are the agent's own, so that what it tells of a session fits together, however long a report was under way. */
  async #account(gateway: OpenndsGateway, line: SessionReport, sentAt: Millis, now: Millis): Promise<void> {
    const { kind, sessionId, custom, ageMs, seconds, downloadOctets, uploadOctets } = line;
    const grantId = openGrant(custom, gateway.faskey.reveal());
    const added = await this.#store.applyAccounting({
      kind,
      gateway: gateway.id,
      site: gateway.site,
      sessionId,
      // openNDS makes a token for each session, and the agent the id from that.
      idIsUnique: true,
      ...(grantId !== undefined && { grantId }),
      eventAt: sentAt - ageMs,
      receivedAt: now,
      seconds,
      downloadOctets,
      uploadOctets,
    });
    this.#used(gateway.site, added);
  }

  #isNew({ signature, sentAt }: Report, now: Millis): boolean {
    for (const [old, staleAt] of this.#seen) {
      if (staleAt >= now) break;
      this.#seen.delete(old);
    }
    if (this.#seen.has(signature)) return false;
    this.#seen.set(signature, sentAt + FRESH_FOR);
    return true;
  }
}
