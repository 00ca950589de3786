import type { AccessPoint, Config } from '../../config/schema';
import { SECOND } from '../../core/time';
import type { Clock } from '../../runtime/clock';
import { systemRandom } from '../../runtime/random';
import { PROFILES } from '../profiles';
import type { Profile } from '../profiles/profile';
import type { PollResult, ProbeContext, Prober } from './probe';
import { refuses } from './refusal';
import { Resolver } from './resolver';
import { Securities } from './snmp-access';
import { Device } from './snmp-device';
import { SnmpSession } from './snmp-session';
import { type Destination, SnmpFault, SnmpTransport } from './snmp-transport';

export interface Patience {
  /** The wait for the first answer to a request; the next waits are twice and three times as long. */
  readonly firstTimeoutMs: number;
  /** The wait for the host to say that nothing listens, when no answer came. */
  readonly refusalMs: number;
}

/** What the town says about SNMP for all access points. */
export type SnmpSettings = Pick<Config['controller'], 'snmp' | 'profiles'>;

const DEFAULT_PATIENCE: Patience = { firstTimeoutMs: 1 * SECOND, refusalMs: 0.5 * SECOND };
/** One poll is several requests; an agent that answers each of them late is not waited for any longer than this. */
const POLL_BUDGET_MS = 15 * SECOND;
const NO_SETTINGS: SnmpSettings = { profiles: [] };

/** Polls access points by SNMP. */
export class SnmpProber implements Prober {
  readonly #clock: Clock;
  readonly #patience: Patience;
  readonly #settings: () => SnmpSettings;
  readonly #resolver: Resolver;
  readonly #transport: SnmpTransport;
  readonly #securities: Securities;
  /** By its configuration: a changed one is another access point, and a removed one is forgotten. */
  readonly #devices = new WeakMap<AccessPoint, Device>();
  readonly #profiles = new WeakMap<SnmpSettings['profiles'], readonly Profile[]>();

  constructor({ clock, onIgnored, snmp }: ProbeContext, patience: Patience = DEFAULT_PATIENCE) {
    this.#clock = clock;
    this.#patience = patience;
    this.#settings = snmp ?? (() => NO_SETTINGS);
    this.#resolver = new Resolver(clock);
    this.#transport = new SnmpTransport(clock, onIgnored);
    this.#securities = new Securities(clock, systemRandom);
  }

  async probe(ap: AccessPoint, signal: AbortSignal): Promise<PollResult> {
    const host = await this.#resolver.resolve(ap.host);
    if (host === undefined) return { answered: false, reason: 'unresolved' };
    const device = this.#deviceOf(ap);
    const to = { host, port: ap.port };
    try {
      return await this.#poll(device, to, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof SnmpFault)) throw error;
      device.forget();
      return { answered: false, reason: (await this.#isRefused(error, to)) ? 'refused' : error.reason };
    }
  }

  /** What an access point that was polled was taken for. */
  foundOut(ap: AccessPoint): Device['found'] {
    return this.#devices.get(ap)?.found;
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  async #poll(device: Device, to: Destination, signal: AbortSignal): Promise<PollResult> {
    const line = await this.#transport.open(to);
    const close = (): void => line.close();
    const cancelBudget = this.#clock.after(POLL_BUDGET_MS, close);
    signal.addEventListener('abort', close);
    try {
      signal.throwIfAborted();
      const session = new SnmpSession(line, device.security, systemRandom, this.#patience.firstTimeoutMs);
      return { answered: true, sample: await device.poll(session) };
    } finally {
      cancelBudget();
      signal.removeEventListener('abort', close);
      close();
    }
  }

  async #isRefused({ reason }: SnmpFault, { host, port }: Destination): Promise<boolean> {
    return reason === 'timeout' && (await refuses(host, port, this.#patience.refusalMs, this.#clock));
  }

  /** The profiles of the town before those of the product: one list for all devices. */
  #withOwn(profiles: SnmpSettings['profiles']): readonly Profile[] {
    const known = this.#profiles.get(profiles) ?? [...profiles, ...PROFILES];
    this.#profiles.set(profiles, known);
    return known;
  }

  #deviceOf(ap: AccessPoint): Device {
    const known = this.#devices.get(ap);
    if (known !== undefined) return known;
    const { snmp, profiles } = this.#settings();
    const security = this.#securities.for(ap, snmp);
    if (security === undefined) throw new Error('nothing says how this access point is asked by SNMP');
    const options = { security, profiles: this.#withOwn(profiles), profile: ap.profile, member: ap.member };
    const device = new Device(options, this.#clock);
    this.#devices.set(ap, device);
    return device;
  }
}
