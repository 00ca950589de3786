import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { parseConfig } from '../../config/load';
import type { Config } from '../../config/schema';
import { DeviceAddress } from '../../core/mac';
import { HOUR } from '../../core/time';
import { RadiusRole } from '../../radius/role';
import { systemClock } from '../../runtime/clock';
import { growHeap } from '../../runtime/heap';
import { LiveValue } from '../../runtime/live';
import { silentLog } from '../../runtime/log';
import { createMetrics } from '../../runtime/metrics';
import { systemRandom } from '../../runtime/random';
import { openStore } from '../../store/open';
import type { Store } from '../../store/store';
import { deviceOf, SECRET } from './requests';

/**
 * Child process of bench/radius: the RADIUS server on the embedded store, in a folder of its own; or on the store of
 * the configuration that its first argument is, as JSON; if its second is `asking`, no grant is remembered. First it tells its
 * ports; then, whenever it is sent a number, it grants so many devices access and tells how much memory it takes.
 */

export interface Ports {
  readonly authenticationPort: number;
  readonly accountingPort: number;
}

/** Octets of memory that the process holds. */
export interface Memory {
  readonly residentOctets: number;
}

const SITE = 'platz';
const GATEWAY = 'gw-platz';
const AT_ONCE = 5_000;
const [, , STORE, HOW] = process.argv;

function benchTown(folder: string): Config {
  const town = stringify({
    town: { name: 'Messstadt', contact: { email: 'wlan@messstadt.example' } },
    key: 'kT3mQ9vX2bL7cN5zR8wY1pF6hJ4gD0sA',
    portal: { url: 'http://127.0.0.1' },
    radius: { host: '127.0.0.1', authenticationPort: 0, accountingPort: 0 },
    store: STORE === undefined ? { path: join(folder, 'data') } : JSON.parse(STORE),
    sites: [{ id: SITE, name: 'Platz', kind: 'square', rules: { downMbit: 20, upMbit: 5 } }],
    gateways: [
      {
        id: GATEWAY,
        kind: 'hostapd',
        site: SITE,
        radius: { clients: ['127.0.0.1'], secret: SECRET.toString() },
      },
    ],
  });
  const loaded = parseConfig(town, folder);
  if (!loaded.ok) throw new Error(`the configuration of the bench has mistakes: ${JSON.stringify(loaded.mistakes)}`);
  return loaded.config;
}

async function grantTo(store: Store, count: number): Promise<void> {
  const grant = (index: number) => {
    const device = DeviceAddress.parse(deviceOf(index));
    if (device === undefined) throw new Error('no device address');
    const now = systemClock.now();
    const request = { site: SITE, gateway: GATEWAY, device, termsVersion: '2026-11', language: 'de', now };
    return store.putGrant({ ...request, expiresAt: now + HOUR, withCredential: false });
  };
  for (let from = 0; from < count; from += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, i) => grant(from + i)));
  }
}

async function serve(): Promise<void> {
  // As in a town of this size.
  growHeap('freely');
  const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-bench-'));
  const config = benchTown(folder);
  const opened = await openStore(config, systemRandom);
  const store: Store = HOW === 'asking' ? { ...opened, grantVersion: () => undefined } : opened;
  const role = new RadiusRole({
    config: new LiveValue(config),
    store,
    clock: systemClock,
    log: silentLog,
    registry: createMetrics(),
  });
  await role.start();
  process.on('message', async (devices: number) => {
    await grantTo(store, devices);
    global.gc?.();
    process.send?.({ residentOctets: process.memoryUsage.rss() } satisfies Memory);
  });
  process.once('disconnect', async () => {
    await role.stop();
    await store.close();
    rmSync(folder, { recursive: true });
  });
  process.send?.({
    authenticationPort: role.authenticationPort,
    accountingPort: role.accountingPort,
  } satisfies Ports);
}

void serve();
