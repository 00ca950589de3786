import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HOUR } from '../../core/time';
import type { SimulatedGateway } from '../../demo/gateway';
import { RadiusClient } from '../../demo/radius-client';
import { walkIn } from '../../demo/visitors';
import { systemClock } from '../../runtime/clock';
import { systemRandom } from '../../runtime/random';
import { openStore } from '../../store/open';
import { openRedisStore } from '../../store/redis/driver';
import type { Store } from '../../store/store';
import { CONTEXT, device, request, START } from '../contract/fixtures';
import { readExposition } from '../support/exposition';
import { isOnline, operate, radiusOf, startGateway } from '../support/gateway';
import { describeWith } from '../support/packages';
import { freeTcpPort, freeUdpPort } from '../support/ports';
import { type RunningProcess, startProcess } from '../support/process';
import {
  configOf,
  gatewayOf,
  type Product,
  type ProductPorts,
  prepareProduct,
  TEST_RADIUS_SECRET,
} from '../support/product';
import { type RedisServer, redisPlace, startRedis } from '../support/redis';
import { until } from '../support/wait';
import { workersOf } from '../support/workers';

const DEVICE = '02:5a:7e:c3:19:f4';
const POLL_SECONDS = 5;
/** For a machine that is busy with other things. */
const LATE_MS = 20_000;

/** Another process of the same town. */
interface Beside {
  readonly opsUrl: string;
  readonly process: RunningProcess;
}

async function startBeside(product: Product, ...words: string[]): Promise<Beside> {
  const ops = `127.0.0.1:${await freeTcpPort()}`;
  const process = startProcess(['dist/main.js', '-c', join(product.folder, 'town.yaml'), '--ops', ops, ...words]);
  const opsUrl = `http://${ops}`;
  await until('the process beside is ready', async () => {
    if (process.exitCode() !== undefined) throw new Error(`it has ended: ${process.output()}`);
    return fetch(`${opsUrl}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  });
  return { opsUrl, process };
}

function killWorkerOf(product: Product): void {
  for (const pid of workersOf(product).slice(0, 1)) process.kill(pid, 'SIGKILL');
}

/** The access points that a process shows to Prometheus. */
async function shownBy(opsUrl: string): Promise<string[]> {
  const page = await (await fetch(`${opsUrl}/metrics/aps`)).text();
  return readExposition(page).flatMap(({ name, labels }) => (name === 'stadtfunk_ap_state' ? [labels.ap ?? ''] : []));
}

describeWith(['redis-server', 'redis-cli'], 'a town of several processes on one Redis', () => {
  let redis: RedisServer;
  const products: Product[] = [];
  const others: RunningProcess[] = [];
  const gateways: SimulatedGateway[] = [];
  let towns = 0;

  beforeAll(async () => {
    redis = await startRedis(['appendonly yes', 'appendfsync always']);
  });
  afterEach(async () => {
    for (const gateway of gateways.splice(0)) await gateway.stop();
    for (const process of others.splice(0)) await process.end('SIGKILL');
    for (const product of products.splice(0)) await product.remove();
  });
  afterAll(() => redis.end());

  const prepare = async (more: (ports: ProductPorts) => Record<string, unknown> = () => ({})): Promise<Product> => {
    towns += 1;
    const prefix = `town-${towns}`;
    const product = await prepareProduct((ports) => ({
      store: { kind: 'redis', redis: { server: `127.0.0.1:${redis.port}`, prefix } },
      ...more(ports),
    }));
    products.push(product);
    return product;
  };
  const beside = async (...how: Parameters<typeof startBeside>): Promise<Beside> => {
    const started = await startBeside(...how);
    others.push(started.process);
    return started;
  };

  test('a visitor accepts at one process, gets online through another, and is sent away by order of the first', async () => {
    const orders = await freeUdpPort();
    const product = await prepare((ports) => ({
      gateways: [
        {
          id: 'gw-rathaus',
          kind: 'coovachilli',
          site: 'rathaus',
          uam: { address: '127.0.0.1', port: ports.gateway },
          radius: { clients: ['127.0.0.1'], secret: TEST_RADIUS_SECRET, dynamicAuthorization: { port: orders } },
        },
      ],
    }));
    await product.start('--roles', 'portal');
    const radius = await beside(product, '--roles', 'radius');
    const gateway = await startGateway(product);
    gateways.push(gateway);
    expect(await walkIn(gateway.url, DEVICE)).toMatchObject({ online: true });
    expect(await (await fetch(`${radius.opsUrl}/metrics`)).text()).toContain('stadtfunk_sessions{site="rathaus"} 1');
    expect(await product.metric('stadtfunk_radius_requests_total{kind="access"}')).toBeUndefined();

    const { output, code } = await operate(product, 'sessions', 'end', '--site', 'rathaus');
    expect(output).toContain('gw-rathaus: 1 of 1 sessions ended');
    expect(code).toBe(0);
    expect(await isOnline(gateway, DEVICE)).toBe(false);
  });

  test('what cannot be split is refused in one sentence', async () => {
    const embedded = await prepareProduct();
    products.push(embedded);
    const refusal = (...words: string[]) => {
      const process = startProcess(['dist/main.js', '-c', join(embedded.folder, 'town.yaml'), ...words]);
      return until('it ends', () => process.exitCode() !== undefined && process.output());
    };
    expect(await refusal('--roles', 'portal')).toContain('The embedded store serves one process with all roles. Set');
    expect(await refusal('--workers', '2')).toContain('(CONFIG_STORE_SPLIT)');
    expect(await refusal('--roles', 'portal,radus')).toContain('There is no role "radus"; the roles are portal');
    expect(await refusal('--workers', '0')).toContain('a whole number from 1');
  });

  test('a worker killed under load: nothing acknowledged is lost, it comes back, and no sum falls', async () => {
    const product = await prepare();
    await product.start('--workers', '2');
    expect(workersOf(product)).toHaveLength(2);
    const client = new RadiusClient(gatewayOf(product), radiusOf(product), systemClock, systemRandom);
    await client.start();

    const promised = new Map<string, number>();
    const began = Date.now();
    let [answered, ended] = [0, false];
    const account = async (sessionId: string): Promise<void> => {
      while (!ended) {
        const downloadOctets = (promised.get(sessionId) ?? 0) + 1_000;
        const seconds = Math.floor((Date.now() - began) / 1_000);
        const report = { username: 'somebody', device: DEVICE, sessionId, seconds, downloadOctets, uploadOctets: 0 };
        if (!(await client.account('interim', report))) continue;
        promised.set(sessionId, downloadOctets);
        answered += 1;
      }
    };
    const counted = () => product.metric('stadtfunk_radius_accounting_records_total{kind="interim"}');
    const loaded = Promise.all(Array.from({ length: 16 }, (_, i) => account(`session-${i}`)));
    await until('many are answered', () => answered > 500);
    const before = (await counted()) ?? 0;
    killWorkerOf(product);
    expect((await counted()) ?? 0).toBeGreaterThanOrEqual(before);
    await until('both serve again', async () => (await product.metric('stadtfunk_workers{state="ready"}')) === 2);
    const then = answered;
    await until('many more are answered', () => answered > then + 500);
    ended = true;
    await loaded;
    await client.stop();
    expect(await product.metric('stadtfunk_worker_deaths_total')).toBe(1);
    expect(await counted()).toBeGreaterThan(before + 500);
    expect(await product.end('SIGTERM')).toBe(0);

    const store = await openStore(configOf(product), systemRandom);
    const used = await store.siteUsage('rathaus', { from: 0, to: systemClock.now() + 1 });
    await store.close();
    const kept = used.reduce((sum, { downloadOctets }) => sum + downloadOctets, 0);
    const acknowledged = [...promised.values()].reduce((sum, octets) => sum + octets, 0);
    // What was answered is there; at most the last report of each session, whose answer was lost, is there besides.
    expect(kept).toBeGreaterThanOrEqual(acknowledged);
    expect(kept).toBeLessThanOrEqual(acknowledged + 16 * 1_000);
  });

  test('all workers count together, a reload reaches them, and a stop ends them', async () => {
    const product = await prepare();
    await product.start('--workers', '2');
    for (let i = 0; i < 40; i++)
      await (await fetch(`${product.portalUrl}/`, { headers: { connection: 'close' } })).text();
    const views = 'stadtfunk_portal_request_duration_seconds_count{operation="other"}';
    expect(await product.metric(views)).toBe(40);
    process.kill(product.pid(), 'SIGHUP');
    await until('all have read it', () => product.output().split('"event":"reloaded"').length === 4);
    // Whoever stops a service reaches all its processes.
    for (const pid of workersOf(product)) process.kill(pid, 'SIGTERM');
    expect(await product.end('SIGTERM')).toBe(0);
    expect(product.output()).not.toContain('worker-ended');
  });

  test('a worker that finds mistakes in the file is back when they are mended; one still starting hears that it shall stop', async () => {
    const product = await prepare();
    await product.start('--workers', '1');
    const file = join(product.folder, 'town.yaml');
    const good = readFileSync(file);
    const ended = () => product.output().split('"event":"worker-ended"').length - 1;
    writeFileSync(file, `${good}\nsight: []\n`);
    killWorkerOf(product);
    await until('it was started again, in vain', () => ended() === 2);
    expect(product.output()).toContain('sight: There is no such key here.');
    writeFileSync(file, good);
    await until('it serves', async () => (await product.metric('stadtfunk_workers{state="ready"}')) === 1);

    const [first] = workersOf(product);
    killWorkerOf(product);
    const next = await until('the next is started', () => workersOf(product).find((pid) => pid !== first));
    process.kill(next, 'SIGSTOP');
    process.kill(product.pid(), 'SIGTERM');
    await until('all are told to stop', () => product.output().includes('"event":"stopping"'));
    process.kill(next, 'SIGCONT');
    expect(await product.end('SIGCONT')).toBe(0);
    expect(product.output()).not.toContain('worker-did-not-stop');
  });

  test('keys of pseudonyms are shared over a change of the day: each is drawn once, and destroyed for all', async () => {
    const place = redisPlace({ server: `127.0.0.1:${redis.port}`, prefix: 'keys' });
    const both = await Promise.all([openRedisStore(place, CONTEXT), openRedisStore(place, CONTEXT)]);
    const [one, other] = both;
    const drawn = () => redis.cli('hlen', redis.cli('--scan', '--pattern', 'keys:{s*}:keys:rathaus'));
    const accept = (store: Store, who: number, now: number) =>
      store.putGrant(request(who, { now, expiresAt: START + 12 * HOUR }));
    const found = (store: Store, who: number, now: number) => store.findGrant('rathaus', device(who), now);

    const evening = await Promise.all(both.flatMap((store) => [1, 2].map((who) => accept(store, who, START))));
    // However many ask for the same device at once, it is one grant under one key.
    expect(new Set(evening.map(({ grant }) => grant.id)).size).toBe(2);
    expect(drawn()).toBe('1');
    const morning = START + 8 * HOUR;
    await Promise.all(both.flatMap((store) => [3, 4].map((who) => accept(store, who, morning))));
    expect(drawn()).toBe('2');
    for (const store of both) for (const who of [1, 2, 3, 4]) expect(await found(store, who, morning)).toBeDefined();

    await one?.forget(START + 12 * HOUR, { historyBefore: 0 });
    expect(drawn()).toBe('1');
    // The evening's key is gone, so nobody can tell any more whether these devices were there.
    expect(other && (await found(other, 1, morning))).toBeUndefined();
    await Promise.all(both.map((store) => store.close()));
  });

  test('a port that is taken is said in the usual sentence, also by workers', async () => {
    const product = await prepare();
    await product.start('--workers', '2');
    const second = startBeside(product, '--workers', '2');
    await expect(second).rejects.toThrow(/Cannot open 127\.0\.0\.1:\d+ for .*: another program uses it/);
  });

  test('a controller is killed: another polls its access points within two intervals, each counted once', async () => {
    const sites = Array.from({ length: 12 }, (_, i) => ({ id: `site-${i}`, name: `Site ${i}`, kind: 'square' }));
    const nobody = await freeUdpPort();
    const accessPoints = sites.map(({ id, name }) => {
      return { id: `ap-${id}`, name, site: id, host: '127.0.0.1', port: nobody, community: 'public' };
    });
    const town = { sites, accessPoints, gateways: [], controller: { pollSeconds: POLL_SECONDS } };
    const product = await prepare(() => town);
    await product.start('--roles', 'controller');
    const second = await beside(product, '--roles', 'controller');
    const both = () => Promise.all([shownBy(product.opsUrl), shownBy(second.opsUrl)]);
    await until('each has a share', async () => {
      const [one, other] = await both();
      // While a share changes hands, it may be with nobody.
      expect(new Set([...one, ...other]).size).toBe(one.length + other.length);
      return one.length > 0 && other.length > 0 && one.length + other.length === 12;
    });
    await product.end('SIGKILL');
    const from = Date.now();
    await until('the other has all', async () => (await shownBy(second.opsUrl)).length === 12);
    const polls = async () => {
      const page = readExposition(await (await fetch(`${second.opsUrl}/metrics/aps`)).text());
      return page.filter(({ name, value }) => name === 'stadtfunk_ap_state' && value === 1).length;
    };
    expect(await polls()).toBe(12);
    expect(Date.now() - from).toBeLessThan(2 * POLL_SECONDS * 1_000 + LATE_MS);
  });
});
