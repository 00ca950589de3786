import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { parseConfig } from '../../config/load';
import { DeviceAddress } from '../../core/mac';
import { HOUR } from '../../core/time';
import { RadiusRole } from '../../radius/role';
import { systemClock } from '../../runtime/clock';
import { LiveValue } from '../../runtime/live';
import { silentLog } from '../../runtime/log';
import { createMetrics } from '../../runtime/metrics';
import { systemRandom } from '../../runtime/random';
import { openStore } from '../../store/open';

/**
 * Child process of bench/radius: the RADIUS server on the embedded store, in a folder of its own. First it tells its
 * ports; then, whenever it is sent a list of devices, it issues a credential to each and sends them back.
 */

export const BENCH_SECRET = 'only-for-measuring-9xQ2m';

export interface Ports {
  readonly authenticationPort: number;
  readonly accountingPort: number;
}

export interface IssuedCredential {
  readonly username: string;
  readonly password: string;
  readonly device: string;
}

function benchTown(folder: string): string {
  return stringify({
    town: { name: 'Messstadt', contact: { email: 'wlan@messstadt.example' } },
    key: 'kT3mQ9vX2bL7cN5zR8wY1pF6hJ4gD0sA',
    portal: { url: 'http://127.0.0.1' },
    radius: { host: '127.0.0.1', authenticationPort: 0, accountingPort: 0 },
    store: { path: join(folder, 'data') },
    sites: [{ id: 'platz', name: 'Platz', kind: 'square', rules: { downMbit: 20, upMbit: 5 } }],
    gateways: [
      {
        id: 'gw-platz',
        kind: 'uspot',
        site: 'platz',
        uam: { address: '127.0.0.1' },
        radius: { clients: ['127.0.0.1'], secret: BENCH_SECRET },
      },
    ],
  });
}

async function serve(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-bench-'));
  const loaded = parseConfig(benchTown(folder), folder);
  if (!loaded.ok) throw new Error(`the configuration of the bench has mistakes: ${JSON.stringify(loaded.mistakes)}`);
  const { config } = loaded;
  const store = await openStore(config, systemRandom, systemClock);
  const role = new RadiusRole({
    config: new LiveValue(config),
    store,
    clock: systemClock,
    log: silentLog,
    registry: createMetrics(),
  });
  await role.start();

  const issue = async (device: string): Promise<IssuedCredential> => {
    const address = DeviceAddress.parse(device);
    if (address === undefined) throw new Error(`${device} is no device address`);
    const now = systemClock.now();
    const { credential } = await store.putGrant({
      site: 'platz',
      gateway: 'gw-platz',
      device: address,
      termsVersion: '2026-11',
      language: 'de',
      now,
      expiresAt: now + HOUR,
      withCredential: true,
    });
    if (credential === undefined) throw new Error('the store issued no credential');
    return { username: credential.username, password: credential.password, device };
  };
  process.on('message', async (devices: readonly string[]) => {
    process.send?.(await Promise.all(devices.map(issue)));
  });
  process.once('disconnect', async () => {
    await role.stop();
    await store.close();
    rmSync(folder, { recursive: true });
  });
  const ports: Ports = { authenticationPort: role.authenticationPort, accountingPort: role.accountingPort };
  process.send?.(ports);
}

if (process.send !== undefined && require.main === module) void serve();
