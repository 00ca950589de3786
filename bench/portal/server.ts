import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfig } from '../../config/load';
import { PortalRole } from '../../portal/role';
import { systemClock } from '../../runtime/clock';
import { endNow } from '../../runtime/end-now';
import { growHeap } from '../../runtime/heap';
import { LiveValue } from '../../runtime/live';
import { createLog } from '../../runtime/log';
import { createMetrics } from '../../runtime/metrics';
import { systemRandom } from '../../runtime/random';
import { openEmbeddedStore } from '../../store/embedded/driver';
import { BENCH_TOWN, type Recorded } from './town';

/**
 * A process of its own: the portal on an embedded store with its limits, as it runs in a town; or a bare node:http server
 * that sends the same bytes.
 * @returns the port
 */
async function portal(folder: string): Promise<number> {
  // As in a town of this size.
  growHeap('freely');
  const loaded = parseConfig(BENCH_TOWN, folder);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.mistakes));
  const { config } = loaded;
  const context = { timeZone: config.town.timeZone, random: systemRandom, clock: systemClock };
  const store = await openEmbeddedStore(join(folder, 'store'), { ...context, townKey: config.key.reveal() });
  const dependencies = { config: new LiveValue(config), store, clock: systemClock, random: systemRandom };
  // Lines are made as in life; only the terminal is left out.
  const log = createLog('info', { write: () => undefined });
  const role = new PortalRole({ ...dependencies, log, registry: createMetrics() });
  await role.start();
  return role.port;
}

function bare(recorded: Recorded): RequestListener {
  const answers = Object.values(recorded).map(({ status, headers, body }) => {
    return { status, headers, body: Buffer.from(body, 'base64') };
  });
  return (request, response) => {
    const answer = answers[request.method === 'POST' ? 1 : 0];
    request.resume().once('end', () => response.writeHead(answer?.status ?? 500, answer?.headers).end(answer?.body));
  };
}

const folder = mkdtempSync(join(tmpdir(), 'bench-portal-'));
process.once('disconnect', () => {
  rmSync(folder, { recursive: true, force: true });
  endNow();
});
process.once('message', async (recorded: Recorded | 'portal') => {
  if (recorded === 'portal') {
    process.send?.(await portal(folder));
    return;
  }
  const server = createServer(bare(recorded)).listen(0, '127.0.0.1', () => {
    process.send?.((server.address() as AddressInfo).port);
  });
});
