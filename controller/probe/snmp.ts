import type { AccessPoint } from '../../config/schema';
import { SECOND } from '../../core/time';
import type { Clock } from '../../runtime/clock';
import { openwrt } from '../profiles/openwrt';
import type { ColumnName, Profile } from '../profiles/profile';
import type { PollResult, ProbeContext, Prober } from './probe';
import { refuses } from './refusal';
import { Resolver } from './resolver';
import { type Columns, toSample } from './snmp-sample';
import { type Column, SnmpFault, SnmpSession } from './snmp-session';
import { SnmpTransport } from './snmp-transport';

export interface Patience {
  /** The wait for the first answer to a request; the second and last wait is twice as long. */
  readonly firstTimeoutMs: number;
  /** The wait for the host to say that nothing listens, when no answer came. */
  readonly refusalMs: number;
}

const DEFAULT_PATIENCE: Patience = { firstTimeoutMs: 1 * SECOND, refusalMs: 0.5 * SECOND };
/** One poll is several requests; an agent that answers each of them late is not waited for any longer than this. */
const POLL_BUDGET_MS = 15 * SECOND;

/** Polls access points by SNMP v2c. */
export class SnmpProber implements Prober {
  readonly #clock: Clock;
  readonly #patience: Patience;
  readonly #resolver: Resolver;
  readonly #transport: SnmpTransport;

  constructor({ clock, onIgnored }: ProbeContext, patience: Patience = DEFAULT_PATIENCE) {
    this.#clock = clock;
    this.#patience = patience;
    this.#resolver = new Resolver(clock);
    this.#transport = new SnmpTransport(onIgnored);
  }

  async probe(ap: AccessPoint, signal: AbortSignal): Promise<PollResult> {
    const host = await this.#resolver.resolve(ap.host);
    if (host === undefined) return { answered: false, reason: 'unresolved' };
    const community = ap.community?.reveal() ?? '';
    const endpoint = await this.#transport.open(host, ap.port, community).catch(() => undefined);
    if (endpoint === undefined) return { answered: false, reason: 'unreachable' };

    const session = new SnmpSession(host, ap.port, community, endpoint, this.#patience.firstTimeoutMs);
    const close = (): void => session.close();
    const cancelBudget = this.#clock.after(POLL_BUDGET_MS, close);
    signal.addEventListener('abort', close);
    try {
      signal.throwIfAborted();
      return await ask(session, openwrt);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof SnmpFault)) throw error;
      const refused =
        error.reason === 'timeout' && (await refuses(host, ap.port, this.#patience.refusalMs, this.#clock));
      return { answered: false, reason: refused ? 'refused' : error.reason };
    } finally {
      cancelBudget();
      signal.removeEventListener('abort', close);
      close();
    }
  }

  close(): Promise<void> {
    return this.#transport.close();
  }
}

async function ask(session: SnmpSession, profile: Profile): Promise<PollResult> {
  const oids = Object.values(profile.scalars);
  const values = await session.get(oids);
  const scalars = new Map(values.map((varbind) => [varbind.oid, varbind]));
  return { answered: true, sample: toSample(profile, scalars, await interfaceColumns(session, profile)) };
}

const NO_ROWS: Column = new Map();

/** Walks the columns, then the substitutes of those that have no rows. The device answers, so what fails here is absent. */
async function interfaceColumns(session: SnmpSession, { columns }: Profile): Promise<Columns> {
  const found = new Map<ColumnName, Column>();
  const names: ColumnName[] = ['name', 'receiveOctets', 'transmitOctets', 'operStatus'];
  try {
    for (let choice = 0; choice < 2; choice++) {
      const wanted = names.flatMap((name) => {
        const oid = columns[name][choice];
        return oid === undefined || found.has(name) ? [] : [{ name, oid }];
      });
      if (wanted.length === 0) break;
      const walked = await session.walk(wanted.map(({ oid }) => oid));
      for (const { name, oid } of wanted) {
        const column = walked.get(oid) ?? NO_ROWS;
        if (column.size > 0) found.set(name, column);
      }
    }
  } catch (error) {
    if (!(error instanceof SnmpFault)) throw error;
  }
  const column = (name: ColumnName): Column => found.get(name) ?? NO_ROWS;
  return {
    name: column('name'),
    receiveOctets: column('receiveOctets'),
    transmitOctets: column('transmitOctets'),
    operStatus: column('operStatus'),
  };
}
