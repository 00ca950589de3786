import { DeviceAddress } from '../../core/mac';
import { usageOf } from '../../core/session';
import { RadiusClient } from '../../demo/radius-client';
import { randomDevice } from '../../demo/visitors';
import { systemClock } from '../../runtime/clock';
import { systemRandom } from '../../runtime/random';
import { openStore } from '../../store/open';
import { configOf, gatewayOf, type Product, prepareProduct } from '../support/product';
import { acceptTerms } from '../support/visitor';

const KILLS = 20;
const SESSIONS = 32;
const VISITORS = 4;
const LONGEST_LOAD_MS = 500;

/** What the product promised: answered accounting by session, and devices whose acceptance was answered. */
interface Promises {
  readonly octets: Map<string, number>;
  readonly devices: string[];
}

/** Sends accounting for many sessions at once and walks visitors in, noting every answer, until it is told to end. */
async function load(product: Product, client: RadiusClient, promised: Promises, ended: () => boolean): Promise<void> {
  const account = async (sessionId: string): Promise<void> => {
    while (!ended()) {
      const downloadOctets = (promised.octets.get(sessionId) ?? 0) + 1_000;
      const report = {
        username: 'somebody',
        device: '02:00:5e:10:00:01',
        sessionId,
        seconds: 60,
        downloadOctets,
        uploadOctets: 0,
      };
      if (await client.account('interim', report)) promised.octets.set(sessionId, downloadOctets);
    }
  };
  const visit = async (): Promise<void> => {
    while (!ended()) {
      const device = randomDevice(systemRandom);
      const logon = await acceptTerms(product.portalUrl, gatewayOf(product), device).catch(() => undefined);
      if (logon !== undefined) promised.devices.push(device);
    }
  };
  const sessions = Array.from({ length: SESSIONS }, (_, i) => account(`session-${i}`));
  await Promise.all([...sessions, ...Array.from({ length: VISITORS }, visit)]);
}

/** What is missing in the store of what was promised. */
async function losses(product: Product, { octets, devices }: Promises): Promise<string[]> {
  const store = await openStore(configOf(product), systemRandom);
  const lost: string[] = [];
  for (const [sessionId, promised] of octets) {
    const session = await store.getSession('gw-rathaus', sessionId);
    const kept = session === undefined ? 0 : usageOf(session).downloadOctets;
    if (kept < promised) lost.push(`${sessionId}: ${promised} octets acknowledged, ${kept} kept`);
  }
  for (const device of devices) {
    const address = DeviceAddress.parse(device);
    const grant = address && (await store.findGrant('rathaus', address, systemClock.now()));
    if (grant === undefined) lost.push('an acknowledged grant is gone');
  }
  await store.close();
  return lost;
}

test(`${KILLS} times SIGKILL under load: nothing acknowledged is lost [RFC 2866 4.2]`, async () => {
  const product = await prepareProduct();
  const radius = {
    host: '127.0.0.1',
    authenticationPort: product.ports.authentication,
    accountingPort: product.ports.accounting,
  };
  const promised: Promises = { octets: new Map(), devices: [] };
  for (let kill = 0; kill < KILLS; kill++) {
    await product.start();
    const client = new RadiusClient(gatewayOf(product), radius, systemClock, systemRandom);
    await client.start();
    let ended = false;
    const loaded = load(product, client, promised, () => ended);
    await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * LONGEST_LOAD_MS));
    await product.end('SIGKILL');
    ended = true;
    await client.stop();
    await loaded;

    expect(await losses(product, promised)).toEqual([]);
  }
  expect(promised.octets.size).toBe(SESSIONS);
  expect(promised.devices.length).toBeGreaterThan(KILLS);
  await product.remove();
});
