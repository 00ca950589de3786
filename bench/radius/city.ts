import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { stringify } from 'yaml';
import { DeviceAddress } from '../../core/mac';
import { HOUR } from '../../core/time';
import { systemClock } from '../../runtime/clock';
import { packageRoot } from '../../runtime/package-root';
import { systemRandom } from '../../runtime/random';
import { openEmbeddedStore } from '../../store/embedded/driver';
import type { Form } from './compiled';
import { pinnedToServerCore } from './pin';
import { deviceOf, SECRET } from './requests';

/**
 * The whole product as a town runs it: RADIUS, portal and controller in one process, on the servers' core, and access
 * points that answer its polls. Its store holds a grant for each device before it starts.
 */

const SITE = 'platz';
const GATEWAY = 'gw-platz';
const KEY = 'kT3mQ9vX2bL7cN5zR8wY1pF6hJ4gD0sA';
const ACCESS_POINTS = 2_000;
const START_MS = 60_000;
const TYPESCRIPT = ['-r', 'ts-node/register/transpile-only'];

export interface City {
  readonly authenticationPort: number;
  readonly accountingPort: number;
  readonly portalPort: number;
  readonly opsPort: number;
  stop(): Promise<void>;
}

export async function startCity(form: Form, devices: number): Promise<City> {
  const folder = await mkdtemp(join(tmpdir(), 'stadtfunk-bench-city-'));
  const agents = fork(join(__dirname, '..', 'controller', 'agents.ts'), { cwd: packageRoot, execArgv: TYPESCRIPT });
  let product: ChildProcess | undefined;
  const stop = async () => {
    agents.disconnect();
    if (product !== undefined && product.exitCode === null) {
      product.kill();
      await once(product, 'exit');
    }
    await rm(folder, { recursive: true });
  };
  try {
    const [ports]: number[][] = await once(agents, 'message');
    await writeFile(join(folder, 'town.yaml'), townOf(folder, ports ?? []), { mode: 0o600 });
    await grantTo(folder, devices);
    const args = [...form.argumentsFor('main.ts'), 'start', '--config', join(folder, 'town.yaml')];
    const [command, all] = pinnedToServerCore(process.execPath, args);
    product = spawn(command, all, { cwd: packageRoot, stdio: ['ignore', 'pipe', 'inherit'] });
    return { ...(await listening(product)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function townOf(folder: string, ports: readonly number[]): string {
  const port = (index: number) => ports[index % ports.length];
  return stringify({
    town: { name: 'Messstadt', contact: { email: 'wlan@messstadt.example', phone: '02374 1234-0' } },
    key: KEY,
    portal: { url: 'http://127.0.0.1', listen: { host: '127.0.0.1', port: 0 } },
    radius: { host: '127.0.0.1', authenticationPort: 0, accountingPort: 0 },
    ops: { listen: { host: '127.0.0.1', port: 0 } },
    store: { path: join(folder, 'data') },
    sites: [{ id: SITE, name: 'Platz', kind: 'square', rules: { downMbit: 20, upMbit: 5 } }],
    gateways: [
      { id: GATEWAY, kind: 'hostapd', site: SITE, radius: { clients: ['127.0.0.1'], secret: SECRET.toString() } },
      {
        ...{ id: 'gw-portal', kind: 'uspot', site: SITE, uam: { address: '10.1.0.1', port: 3990 } },
        radius: { clients: ['127.0.0.2'], secret: 'another-Secret-for-measuring-7Rw1' },
      },
    ],
    accessPoints: Array.from({ length: ACCESS_POINTS }, (_, i) => {
      return { id: `ap-${i}`, name: `Platz ${i}`, site: SITE, host: '127.0.0.1', port: port(i), community: KEY };
    }),
  });
}

async function grantTo(folder: string, devices: number): Promise<void> {
  const context = { townKey: KEY, timeZone: 'Europe/Berlin', random: systemRandom };
  const store = await openEmbeddedStore(join(folder, 'data'), context);
  const now = systemClock.now();
  const grant = (index: number) => {
    const device = DeviceAddress.parse(deviceOf(index));
    if (device === undefined) throw new Error('no device address');
    const request = { site: SITE, gateway: GATEWAY, device, termsVersion: '2026-11', language: 'de', now };
    return store.putGrant({ ...request, expiresAt: now + 3 * HOUR, withCredential: false });
  };
  await Promise.all(Array.from({ length: devices }, (_, index) => grant(index)));
  await store.close();
}

/** The product says in its log where it listens. */
async function listening(product: ChildProcess): Promise<Omit<City, 'stop'>> {
  if (product.stdout === null) throw new Error('the product has no output');
  const where = new Map<string, string>();
  const patience = setTimeout(() => product.kill(), START_MS);
  // It goes on being read: a full pipe would hold the product up.
  const lines = createInterface(product.stdout);
  await new Promise<void>((resolve, reject) => {
    product.once('exit', (code) => reject(new Error(`the product ended with ${code}`)));
    lines.on('line', (line) => {
      const entry: { event?: string; role?: string; where?: string } = JSON.parse(line);
      if (entry.event === 'listening') where.set(entry.role ?? '', entry.where ?? '');
      if (entry.event === 'started') resolve();
    });
  });
  clearTimeout(patience);
  const portsOf = (role: string) =>
    (
      where
        .get(role)
        ?.match(/:[\d,]+/g)
        ?.at(-1) ?? ''
    )
      .slice(1)
      .split(',')
      .map(Number);
  const [authenticationPort = 0, accountingPort = 0] = portsOf('radius');
  const [[portalPort = 0], [opsPort = 0]] = [portsOf('portal'), portsOf('ops')];
  return { authenticationPort, accountingPort, portalPort, opsPort };
}
