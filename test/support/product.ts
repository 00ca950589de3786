import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { loadConfig } from '../../config/load';
import type { Config, UamGateway } from '../../config/schema';
import { freeTcpPort, freeUdpPort } from './ports';
import { type RunningProcess, startProcess } from './process';
import { until } from './wait';

/** Alone it takes two seconds; three at once beside other tests on a busy machine take longer. */
const START_MS = 60_000;

/** Secrets that are good enough for the configuration check and appear nowhere else. */
export const TEST_KEY = 'kT3mQ9vX2bL7cN5zR8wY1pF6hJ4gD0sA';
export const TEST_RADIUS_SECRET = 'pZ7qW3nV9xK5tB1m';

/** The product as its users run it: a process of its own, started from dist/, with a folder of its own. */
export interface Product {
  readonly folder: string;
  readonly storePath: string;
  readonly config: Record<string, unknown>;
  readonly ports: ProductPorts;
  readonly portalUrl: string;
  readonly opsUrl: string;
  /** Of the running process; 0 if it was not started. */
  pid(): number;
  /** Everything it printed so far. */
  output(): string;
  /** @param words  options of `stadtfunk start` */
  start(...words: string[]): Promise<void>;
  /** Ends it with a signal and waits; returns the exit code, or null if the signal killed it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
  /** One value of its metrics pages, by the full name with labels; undefined if there is no such series. */
  metric(series: string): Promise<number | undefined>;
  remove(): Promise<void>;
}

export interface ProductPorts {
  readonly portal: number;
  readonly ops: number;
  readonly authentication: number;
  readonly accounting: number;
  /** For a gateway of the test. */
  readonly gateway: number;
}

/** Where the product runs: on this machine, or in a network of its own. */
export interface Place {
  /** What to put before a command to run it there. */
  readonly prefix: readonly string[];
  /** The body of a page, asked for from there; undefined if the answer is none or an error. */
  get(url: string): Promise<string | undefined>;
}

export const thisMachine: Place = {
  prefix: [],
  get: (url) =>
    fetch(url).then(
      (response) => (response.ok ? response.text() : undefined),
      () => undefined,
    ),
};

/**
 * Prepares a product with a town of one site.
 * @param more  overrides and adds top-level keys of the configuration
 */
export async function prepareProduct(
  more: (ports: ProductPorts) => Record<string, unknown> = () => ({}),
  place: Place = thisMachine,
): Promise<Product> {
  const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-'));
  const ports: ProductPorts = {
    portal: await freeTcpPort(),
    ops: await freeTcpPort(),
    authentication: await freeUdpPort(),
    accounting: await freeUdpPort(),
    gateway: await freeTcpPort(),
  };
  const portalUrl = `http://127.0.0.1:${ports.portal}`;
  const opsUrl = `http://127.0.0.1:${ports.ops}`;
  const config = {
    town: { name: 'Teststadt', contact: { email: 'wlan@teststadt.example' } },
    key: TEST_KEY,
    portal: { url: portalUrl, listen: { host: '127.0.0.1', port: ports.portal } },
    radius: { host: '127.0.0.1', authenticationPort: ports.authentication, accountingPort: ports.accounting },
    ops: { listen: { host: '127.0.0.1', port: ports.ops } },
    store: { path: './data' },
    sites: [{ id: 'rathaus', name: 'Rathaus', kind: 'public-building' }],
    gateways: [
      {
        id: 'gw-rathaus',
        kind: 'uspot',
        site: 'rathaus',
        uam: { address: '127.0.0.1', port: ports.gateway },
        radius: { clients: ['127.0.0.1'], secret: TEST_RADIUS_SECRET },
      },
    ],
    ...more(ports),
  };
  writeFileSync(join(folder, 'town.yaml'), stringify(config));

  let earlier = '';
  let running: RunningProcess | undefined;
  return {
    folder,
    storePath: join(folder, 'data'),
    config,
    ports,
    portalUrl,
    opsUrl,
    pid: () => running?.pid ?? 0,
    output: () => earlier + (running?.output() ?? ''),
    end: async (signal) => (await running?.end(signal)) ?? null,
    async start(...words) {
      earlier += running?.output() ?? '';
      const started = startProcess(['dist/main.js', '--config', join(folder, 'town.yaml'), ...words], place.prefix);
      running = started;
      const isReady = async () => {
        if (started.exitCode() !== undefined) throw new Error(`the product has ended: ${started.output()}`);
        return (await place.get(`${opsUrl}/readyz`)) !== undefined;
      };
      await until('the product is ready', isReady, START_MS);
    },
    async metric(series) {
      const page = await place.get(`${opsUrl}${metricsPath(series)}`);
      const line = page?.split('\n').find((text) => text.startsWith(`${series} `));
      return line === undefined ? undefined : Number(line.slice(series.length));
    },
    async remove() {
      await running?.end('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** On which page a series stands. */
export function metricsPath(series: string): string {
  return series.startsWith('stadtfunk_ap_') ? '/metrics/aps' : '/metrics';
}

/** Its configuration, as the product itself reads it. */
export function configOf(product: Product): Config {
  const loaded = loadConfig(join(product.folder, 'town.yaml'));
  if (!loaded.ok) throw new Error(`the test configuration has mistakes: ${JSON.stringify(loaded.mistakes)}`);
  return loaded.config;
}

/** The first gateway of its configuration. */
export function gatewayOf(product: Product): UamGateway {
  const first = configOf(product).gateways[0];
  if (first === undefined || !('uam' in first)) throw new Error('the test configuration has no UAM gateway');
  return first;
}
