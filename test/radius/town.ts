import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { Registry } from 'prom-client';
import { stringify } from 'yaml';
import { parseConfig } from '../../config/load';
import type { Config } from '../../config/schema';
import type { Credential } from '../../core/grant';
import { DeviceAddress } from '../../core/mac';
import { HOUR } from '../../core/time';
import { RadiusRole } from '../../radius/role';
import { ManualClock } from '../../runtime/clock';
import { LiveValue } from '../../runtime/live';
import { createLog } from '../../runtime/log';
import { systemRandom } from '../../runtime/random';
import { openStore } from '../../store/open';
import type { EndStore, ExamStore, GrantStore, LeaseStore, SessionStore, Store } from '../../store/store';

/** Three gateways: one that signs, CoovaChilli, and an old one that cannot sign; told apart by their addresses. */
export const GATEWAYS = {
  'gw-rathaus': { source: '127.0.0.1', secret: 'only-for-these-vectors-4wP' },
  'gw-bibliothek': { source: '127.0.0.2', secret: 'tK8!another-one-of-them' },
  'gw-alt': { source: '127.0.0.3', secret: 'tK8!one-that-cannot-sign' },
} as const;
export type GatewayName = keyof typeof GATEWAYS;

export const NOW = Date.UTC(2026, 10, 21, 12);
export const DEVICE = '02-11-22-33-44-55';

/** @param more  overrides top-level keys */
export function townConfig(path: string, more: Readonly<Record<string, unknown>> = {}): Config {
  const uam = { address: '127.0.0.1' };
  const radius = (name: GatewayName) => ({ clients: [GATEWAYS[name].source], secret: GATEWAYS[name].secret });
  const town = {
    town: { name: 'Teststadt', contact: { email: 'wlan@teststadt.example' } },
    key: 'kT3mQ9vX2bL7cN5zR8wY1pF6hJ4gD0sA',
    portal: { url: 'http://127.0.0.1' },
    radius: { host: '127.0.0.1', authenticationPort: 0, accountingPort: 0 },
    store: { path },
    sites: [
      { id: 'rathaus', name: 'Rathaus', kind: 'public-building', rules: { downMbit: 20, upMbit: 5 } },
      { id: 'bibliothek', name: 'Bibliothek', kind: 'library', rules: { idleMinutes: 10, maxMegabytes: 10_000 } },
    ],
    gateways: [
      { id: 'gw-rathaus', kind: 'uspot', site: 'rathaus', uam, radius: radius('gw-rathaus') },
      { id: 'gw-bibliothek', kind: 'coovachilli', site: 'bibliothek', uam, radius: radius('gw-bibliothek') },
      {
        id: 'gw-alt',
        kind: 'uspot',
        site: 'rathaus',
        uam,
        radius: { ...radius('gw-alt'), requireMessageAuthenticator: false },
      },
    ],
    ...more,
  };
  const loaded = parseConfig(stringify(town, { aliasDuplicateObjects: false }), path);
  if (!loaded.ok) throw new Error(`the test configuration has mistakes: ${JSON.stringify(loaded.mistakes)}`);
  return loaded.config;
}

/** A running RADIUS server on the embedded store, with a clock that stands still. */
export class Town {
  readonly clock: ManualClock;
  readonly store: Store;
  readonly registry = new Registry();
  readonly role: RadiusRole;
  readonly config: LiveValue<Config>;
  readonly #folder: string;
  #more: Readonly<Record<string, unknown>> = {};
  readonly #log: string[] = [];

  private constructor(
    folder: string,
    config: Config,
    clock: ManualClock,
    store: Store,
    serve: GrantStore & SessionStore & EndStore & ExamStore & LeaseStore,
  ) {
    this.#folder = folder;
    this.clock = clock;
    this.store = store;
    this.config = new LiveValue(config);
    const write = (chunk: Buffer, _encoding: string, done: () => void): void => {
      this.#log.push(chunk.toString());
      done();
    };
    this.role = new RadiusRole({
      config: this.config,
      store: serve,
      clock,
      log: createLog('debug', new Writable({ write })),
      registry: this.registry,
    });
  }

  /**
   * @param wrap  puts something between the server and the store
   * @param more  overrides top-level keys of the configuration
   */
  static async open(
    wrap: (store: Store) => GrantStore & SessionStore & EndStore & ExamStore & LeaseStore = (store) => store,
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<Town> {
    const folder = await mkdtemp(join(tmpdir(), 'stadtfunk-radius-'));
    const config = townConfig(folder, more);
    const clock = new ManualClock(NOW);
    const store = await openStore(config, systemRandom);
    const town = new Town(folder, config, clock, store, wrap(store));
    town.#more = more;
    await town.role.start().catch(async (error: unknown) => {
      await town.close();
      throw error;
    });
    return town;
  }

  async close(): Promise<void> {
    await this.role.stop();
    await this.store.close();
    await rm(this.#folder, { recursive: true });
  }

  /** The configuration as it would be with these gateways, in force from now on. */
  useGateways(gateways: readonly object[]): void {
    this.config.exchange(townConfig(this.#folder, { ...this.#more, gateways }));
  }

  get log(): string {
    return this.#log.join('');
  }

  /** What the portal does when a visitor accepts: a grant for four hours and a credential for the gateway. */
  async credential(gateway: GatewayName, device = DEVICE): Promise<Credential> {
    const address = DeviceAddress.parse(device);
    if (address === undefined) throw new Error('not a device address');
    const { credential } = await this.store.putGrant({
      site: gateway === 'gw-bibliothek' ? 'bibliothek' : 'rathaus',
      gateway,
      device: address,
      termsVersion: '2026-11',
      language: 'de',
      now: this.clock.now(),
      expiresAt: this.clock.now() + 4 * HOUR,
      withCredential: true,
    });
    if (credential === undefined) throw new Error('no credential');
    return credential;
  }

  /** The value of one series; 0 if it is not there, because then nothing was counted. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const metric = await this.registry.getSingleMetric(`stadtfunk_${name}`)?.get();
    const found = metric?.values.find(({ labels: has }) =>
      Object.entries(labels).every(([key, value]) => has[key] === value),
    );
    return found?.value ?? 0;
  }

  /** Totals of a site in the last hours. */
  async usage(site: string): Promise<{ sessions: number; downloadOctets: number; uploadOctets: number }> {
    const hours = await this.store.siteUsage(site, { from: NOW - HOUR, to: NOW + 24 * HOUR });
    const sum = (of: 'sessions' | 'downloadOctets' | 'uploadOctets'): number =>
      hours.reduce((all, hour) => all + hour[of], 0);
    return { sessions: sum('sessions'), downloadOctets: sum('downloadOctets'), uploadOctets: sum('uploadOctets') };
  }

  /**
   * Lets Debian's radclient send one packet.
   * @param lines  attributes as `Name = value`
   * @returns everything it printed; it verifies the answers itself
   */
  radclient(
    command: 'auth' | 'acct' | 'status',
    lines: readonly string[],
    options: { gateway?: GatewayName; secret?: string; port?: number; patience?: number } = {},
  ): Promise<string> {
    const { source, secret } = GATEWAYS[options.gateway ?? 'gw-rathaus'];
    const port = options.port ?? (command === 'acct' ? this.role.accountingPort : this.role.authenticationPort);
    const args = ['-x', '-r', '1', '-t', String(options.patience ?? 5), `127.0.0.1:${port}`, command];
    return new Promise((resolve) => {
      const child = execFile('radclient', [...args, options.secret ?? secret], (_error, out, err) =>
        resolve(out + err),
      );
      child.stdin?.end([`Packet-Src-IP-Address = ${source}`, ...lines, ''].join('\n'));
    });
  }
}
