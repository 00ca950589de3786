import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEVICE_HEADER, type SimulatedGateway } from '../../demo/gateway';
import { type Logon, RadiusClient } from '../../demo/radius-client';
import { walkIn } from '../../demo/visitors';
import { systemClock } from '../../runtime/clock';
import { systemRandom } from '../../runtime/random';
import { canaries, searchFiles } from '../support/canary';
import { getIn, radiusOf, startGateway } from '../support/gateway';
import { gatewayOf, type Product, prepareProduct } from '../support/product';
import { until } from '../support/wait';

const DEVICES = ['02:5a:7e:c3:19:f4', 'd6:91:0b:ee:42:a8', '7a:33:c9:58:f1:06'];
const DEVICE = DEVICES[0] as string;

let product: Product;
let gateway: SimulatedGateway;

beforeAll(async () => {
  product = await prepareProduct();
  await product.start();
  gateway = await startGateway(product);
});

afterAll(async () => {
  await gateway.stop();
  await product.remove();
});

function hex(octet: number): string {
  return octet.toString(16).padStart(2, '0');
}

/** Does something for each of many, a number of them at a time. */
async function crowd<One, Result>(all: readonly One[], atOnce: number, work: (one: One) => Promise<Result>) {
  const results: Result[] = [];
  const waiting = all.values();
  const worker = async (): Promise<void> => {
    for (const one of waiting) results.push(await work(one));
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

/** A visitor who has the terms before them. */
interface Reader {
  readonly device: string;
  readonly terms: URL;
  readonly sealed: string;
}

function led(url: string | URL, device: string, form?: URLSearchParams): Promise<URL> {
  const headers = { [DEVICE_HEADER]: device, 'Accept-Language': 'de' };
  const sent = form === undefined ? {} : { method: 'POST', body: form };
  return fetch(url, { headers, redirect: 'manual', ...sent }).then(
    (answer) => new URL(answer.headers.get('location') ?? ''),
  );
}

async function read(device: string): Promise<Reader> {
  const terms = await led(`${gateway.url}/`, device);
  const page = await (await fetch(terms, { headers: { 'Accept-Language': 'de' } })).text();
  return { device, terms, sealed: /name="visit" value="([^"]+)"/.exec(page)?.[1] ?? '' };
}

/** Accepts and logs in at the gateway; returns what it said, and what it asked the RADIUS server. */
async function accept({ device, terms, sealed }: Reader): Promise<{ result: string | null; logon: Logon }> {
  const login = await led(new URL('/accept', terms), device, new URLSearchParams({ visit: sealed }));
  const result = (await led(login, device)).searchParams.get('res');

  // This gateway has no UAM secret, so the challenge is the key as it is.
  const challenge = Buffer.from(terms.searchParams.get('challenge') ?? '', 'hex');
  const logon = {
    username: login.searchParams.get('username') ?? '',
    chapResponse: Buffer.from(login.searchParams.get('response') ?? '', 'hex'),
    chapChallenge: challenge,
    device,
    sessionId: 'replayed',
  };
  return { result, logon };
}

describe('a UAM gateway, the portal, RADIUS, accounting and metrics, each a process or socket of its own', () => {
  test('a visitor accepts the terms and is let through', async () => {
    await getIn(gateway, DEVICE);

    const page = await fetch(gateway.url, { headers: { [DEVICE_HEADER]: DEVICE } });
    expect(await page.text()).toContain('You are online');
    expect(await product.metric('stadtfunk_portal_grants_total{site="rathaus"}')).toBe(1);
    expect(await product.metric('stadtfunk_radius_replies_total{code="access-accept"}')).toBe(1);
    expect(await product.metric('stadtfunk_sessions{site="rathaus"}')).toBe(1);
  });

  test('any address a browser may ask for leads to the portal, also one that is no path', async () => {
    const asked = await fetch(`${gateway.url}//`, { redirect: 'manual' });
    expect(asked.headers.get('location')).toContain(`${product.portalUrl}/uam/`);
  });

  test('the volume that accounting reports reaches the metrics, and the session ends with the Stop', async () => {
    await fetch(`${gateway.url}/logoff`, { headers: { [DEVICE_HEADER]: DEVICE }, redirect: 'manual' });

    await until('the session is over', async () => (await product.metric('stadtfunk_sessions{site="rathaus"}')) === 0);
    expect(await product.metric('stadtfunk_radius_accounting_records_total{kind="stop"}')).toBe(1);
    expect(await product.metric('stadtfunk_site_octets_total{site="rathaus",direction="download"}')).toBeGreaterThan(0);
  });

  test('500 visitors who accept, forty at any moment, are all online, and no credential serves twice', async () => {
    const accepts = 'stadtfunk_radius_replies_total{code="access-accept"}';
    const before = (await product.metric(accepts)) ?? 0;
    const devices = Array.from({ length: 500 }, (_, i) => `02:00:5e:77:${hex(i >> 8)}:${hex(i & 255)}`);
    const readers = await crowd(devices, 40, read);
    let turnedAway = 0;
    const walks = await crowd(readers, 40, async (reader) => {
      for (let walk = await accept(reader); ; walk = await accept(await read(reader.device))) {
        if (walk.result !== 'failed') return walk;
        turnedAway += 1;
      }
    });

    expect(walks.filter(({ result }) => result !== 'success')).toEqual([]);
    expect(new Set(walks.map(({ logon }) => logon.username)).size).toBe(500);
    expect(await product.metric(accepts)).toBe(before + 500);
    // On a machine that is busy with other things the disk may be later than an answer can wait for; nothing else is excused.
    expect((await product.metric('stadtfunk_radius_rejects_total{reason="store-down"}')) ?? 0).toBe(turnedAway);

    // Each once more, straight to the RADIUS server, from the same gateway and for the same device.
    const again = new RadiusClient(gatewayOf(product), radiusOf(product), systemClock, systemRandom);
    await again.start();
    const redeemed = await crowd(walks, 5, ({ logon }) => again.authenticate(logon));
    await again.stop();
    expect(redeemed.filter((login) => login !== undefined)).toEqual([]);
    expect(await product.metric('stadtfunk_radius_rejects_total{reason="credential-used"}')).toBe(500);
    expect(await product.metric(accepts)).toBe(before + 500);
  });

  test('no visitor’s address is found in store, log, metrics or public pages, in any of its forms', async () => {
    await Promise.all(DEVICES.map((device) => walkIn(gateway.url, device)));
    const { logon } = await accept(await read('02:00:5e:78:00:01'));
    const ops = ['/metrics', '/metrics/aps', '/sd/aps'].map((path) => `${product.opsUrl}${path}`);
    const open = ['/transparency', '/status/rathaus', '/status/rathaus.json'].map((path) => product.portalUrl + path);
    const pages = [...ops, ...open].map(async (url) => {
      const answer = await fetch(url);
      expect(`${url} ${answer.status}`).toBe(`${url} 200`);
      return answer.text();
    });
    const metrics = (await Promise.all(pages)).join('\n');
    writeFileSync(join(product.folder, 'log.txt'), product.output());
    writeFileSync(join(product.folder, 'metrics.txt'), metrics);
    const needles = DEVICES.flatMap(canaries);
    expect(searchFiles(product.folder, needles)).toEqual([]);

    // With its session a user name is stored while that runs; it is written down nowhere else.
    expect(product.output() + metrics).not.toContain(logon.username);
    expect(logon.username).toMatch(/^[\w-]{22}$/);

    writeFileSync(join(product.folder, 'planted.txt'), `seen: ${DEVICE}`);
    expect(searchFiles(product.folder, needles)).toHaveLength(1);
  });

  test('a core dump of the running product would hold no memory', () => {
    expect(readFileSync(`/proc/${product.pid()}/coredump_filter`, 'utf8').trim()).toBe('00000000');
  });

  test('it stops in order on SIGTERM', async () => {
    await gateway.stop();
    expect(await product.end('SIGTERM')).toBe(0);
    expect(product.output()).toContain('"event":"stopped"');
  });
});
