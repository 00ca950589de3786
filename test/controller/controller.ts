import { parseConfig } from '../../config/load';
import type { Config } from '../../config/schema';
import type { Prober } from '../../controller/probe/probe';
import { SnmpProber } from '../../controller/probe/snmp';
import { ControllerRole } from '../../controller/role';
import { MINUTE, SECOND } from '../../core/time';
import { ManualClock, systemClock } from '../../runtime/clock';
import { LiveValue } from '../../runtime/live';
import { type LogFields, silentLog } from '../../runtime/log';
import { createMetrics, type Registry } from '../../runtime/metrics';
import { systemRandom } from '../../runtime/random';
import { readExposition } from '../support/exposition';
import { TEST_KEY } from '../support/product';
import { until } from '../support/wait';
import type { ObservedStore } from './observed-store';

export const START = Date.UTC(2026, 10, 21, 12);
export const POLL = MINUTE;

type Line = LogFields & { readonly event: string };

/** A town with one school and these access points on loopback. */
export function town(aps: readonly { id: string; port: number; name?: string }[]): Config {
  const accessPoints = aps.map(({ id, port, name }) => ({
    id,
    name: name ?? id,
    site: 'school',
    host: '127.0.0.1',
    port,
    community: 'public',
  }));
  const loaded = parseConfig(
    JSON.stringify({
      town: { name: 'Teststadt', contact: { email: 'wlan@teststadt.example' } },
      key: TEST_KEY,
      portal: { url: 'http://127.0.0.1:8080' },
      sites: [{ id: 'school', name: 'School', kind: 'school' }],
      accessPoints,
    }),
    '/',
  );
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.mistakes));
  return loaded.config;
}

/** The controller with a clock turned by hand, over real sockets. */
export class Controller {
  readonly clock: ManualClock;
  readonly lines: Line[] = [];
  registry: Registry = createMetrics();
  #role: ControllerRole | undefined;
  #probing = 0;
  readonly #config: LiveValue<Config>;
  readonly #store: ObservedStore;

  constructor(config: Config, store: ObservedStore, clock = new ManualClock(START)) {
    this.clock = clock;
    this.#store = store;
    this.#config = new LiveValue(config);
  }

  async start(): Promise<void> {
    this.registry = createMetrics();
    const write = (event: string, fields: LogFields = {}): void => void this.lines.push({ event, ...fields });
    this.#role = new ControllerRole({
      config: this.#config,
      store: this.#store,
      clock: this.clock,
      random: systemRandom,
      log: { ...silentLog, info: write, warn: write, error: write },
      registry: this.registry,
      openProber: ({ onIgnored }) =>
        this.#observed(new SnmpProber({ clock: systemClock, onIgnored }, { firstTimeoutMs: 40, refusalMs: 40 })),
    });
    await this.#role.start();
  }

  async stop(): Promise<void> {
    await this.#role?.stop();
  }

  notReady(): string | undefined {
    return this.#role?.notReady();
  }

  #observed(prober: Prober): Prober {
    return {
      probe: (ap, signal) => {
        this.#probing++;
        return prober.probe(ap, signal).finally(() => this.#probing--);
      },
      close: () => prober.close(),
    };
  }

  exchange(config: Config): void {
    this.#config.exchange(config);
  }

  /**
   * Lets one poll interval pass. Sockets and disk live in real time, so the clock waits for them after each second:
   * a poll is over before anything else happens.
   */
  async poll(): Promise<void> {
    for (let second = 0; second < POLL / SECOND; second++) {
      await this.clock.advance(SECOND);
      if (this.#busy()) await until('the polls are done', () => !this.#busy());
    }
  }

  #busy(): boolean {
    return this.#probing > 0 || this.#store.pending > 0;
  }

  /** The value of one series, undefined if there is none. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number | undefined> {
    const series = readExposition(await this.page()).filter((one) => one.name === `stadtfunk_${name}`);
    return series.find((one) => Object.entries(labels).every(([key, text]) => one.labels[key] === text))?.value;
  }

  /** Everything that Prometheus would read, of both pages. */
  async page(): Promise<string> {
    let text = await this.registry.metrics();
    const pages = this.#role?.pages;
    for (const page of [pages?.sites(), pages?.aps.pieces(new URLSearchParams())]) {
      for await (const piece of page ?? []) text += Buffer.from(piece).toString();
    }
    return text;
  }
}
