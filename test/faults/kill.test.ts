import { DeviceAddress } from '../../core/mac';
import { randomDevice } from '../../demo/visitors';
import { systemClock } from '../../runtime/clock';
import { systemRandom } from '../../runtime/random';
import { openStore } from '../../store/open';
import type { Store } from '../../store/store';
import { describeWith } from '../support/packages';
import type { RunningProcess } from '../support/process';
import { configOf, type Product, prepareProduct } from '../support/product';
import { type RedisServer, startRedis } from '../support/redis';
import { acceptTerms } from '../support/visitor';
import { until } from '../support/wait';
import { Evidence } from './evidence';
import { DRILL_MS, figures, inForm, lasting } from './forms';
import { AccountingLoad } from './load';
import type { LoadGateway } from './load-gateway';
import { startRole } from './roles';
import { deviceOf, faultTown, gatewaysOf, openGateways } from './town';

const RECORDS_PER_SECOND = 2_000;
const SESSIONS_EACH = 100;
const VISITORS = 3;
/** In the full form long enough that a process which has just been started comes to the whole pace. */
const LONGEST_LOAD_MS = inForm(500, 2_000);
/** How long Redis says nothing before some of the kills. */
const SILENCE_MS = 150;

const open: { end(): unknown }[] = [];
afterEach(async () => {
  for (const { end } of open.splice(0)) await end();
});

/** Everything that is promised somebody while processes are killed. */
class Promises {
  readonly load = new AccountingLoad(RECORDS_PER_SECOND);
  /** Devices whose acceptance was answered. */
  readonly devices: { readonly site: string; readonly device: string }[] = [];
  readonly #product: Product;
  #gateways: readonly LoadGateway[] = [];
  #ended = false;
  /** How many of the devices have been found in the store since. */
  #found = 0;
  #visitors: Promise<unknown> = Promise.resolve();

  constructor(product: Product) {
    this.#product = product;
  }

  /** Accounting of sessions, one gateway's under a grant; and visitors who walk in one after the other. */
  async begin(): Promise<void> {
    const gateways = await openGateways(this.#product);
    this.#gateways = gateways;
    const device = deviceOf(0x10, 1);
    const [uam] = gatewaysOf(this.#product);
    const [first, ...others] = gateways;
    if (uam === undefined || first === undefined) throw new Error('no gateway');
    await acceptTerms(this.#product.portalUrl, uam, device);
    this.load.add(first, SESSIONS_EACH, 'granted', (await first.login(device))?.grantId);
    for (const gateway of others) this.load.add(gateway, SESSIONS_EACH, gateway.id);
    this.load.start();
    this.#visitors = Promise.all(Array.from({ length: VISITORS }, () => this.#walkIn(uam)));
  }

  async #walkIn(gateway: Parameters<typeof acceptTerms>[1]): Promise<void> {
    while (!this.#ended) {
      const device = randomDevice(systemRandom);
      const logon = await acceptTerms(this.#product.portalUrl, gateway, device).catch(() => undefined);
      if (logon !== undefined) this.devices.push({ site: gateway.site, device });
      else await lasting(20);
    }
  }

  /** What is missing of what was promised since the last look, or stands there twice. */
  async losses(store: Store): Promise<string[]> {
    const devices = this.devices.slice(this.#found);
    const lost = await this.load.losses(store);
    this.#found += devices.length;
    for (const { site, device } of devices) {
      const address = DeviceAddress.parse(device);
      const grant = address && (await store.findGrant(site, address, systemClock.now()));
      if (grant === undefined) lost.push('an acknowledged grant is gone');
    }
    return lost;
  }

  /** Of all that was promised: a look at tens of thousands of grants after each kill would take longer than the kills. */
  async differences(store: Store): Promise<string[]> {
    this.#found = 0;
    return [...(await this.losses(store)), ...(await this.load.differences(store))];
  }

  /** The server runs: everything is sent a last time and acknowledged. */
  async settle(): Promise<void> {
    this.#ended = true;
    await this.#visitors;
    await this.load.settle();
  }

  end(): void {
    this.#ended = true;
    this.load.stop();
    for (const gateway of this.#gateways) gateway.close();
  }
}

async function prepare(store: object): Promise<{ product: Product; promised: Promises }> {
  const product = await prepareProduct((ports) => faultTown(ports, store));
  const promised = new Promises(product);
  open.push({ end: () => promised.end() }, { end: () => product.remove() });
  return { product, promised };
}

async function withStore<T>(product: Product, look: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore(configOf(product), systemRandom);
  return look(store).finally(() => store.close());
}

/**
 * Kills a process. In every other round Redis is silent before: what was sent to it is kept all the same when its sender
 * dies, so only then does it show whether anything is acknowledged that Redis has not confirmed.
 */
async function killIn(round: number, killed: RunningProcess | Product, redis: RedisServer): Promise<void> {
  const { process } = redis;
  if (round % 2 === 0) {
    process.signal('SIGSTOP');
    await lasting(SILENCE_MS);
  }
  await killed.end('SIGKILL');
  process.signal('SIGCONT');
}

const randomWhile = () => lasting(20 + Math.random() * LONGEST_LOAD_MS);

describe('SIGKILL at random moments under load', () => {
  test(
    'of the process that holds the embedded store: nothing acknowledged is lost or doubled [RFC 2866 4.2]',
    async () => {
      const kills = inForm(4, 100);
      const evidence = new Evidence('kill-embedded');
      const { product, promised } = await prepare({ path: './data' });
      for (let kill = 0; kill < kills; kill++) {
        await product.start();
        if (kill === 0) await promised.begin();
        else promised.load.goOn();
        await randomWhile();
        await product.end('SIGKILL');
        // What a later record of a session tells would hide that this one is lost.
        promised.load.hold();
        expect(await withStore(product, (store) => promised.losses(store))).toEqual([]);
      }
      const { records } = promised.load;
      const pace = promised.load.pace();
      await product.start();
      await promised.settle();
      await product.end('SIGTERM');
      expect(await withStore(product, (store) => promised.differences(store))).toEqual([]);
      expect(promised.devices.length).toBeGreaterThan(0);
      await evidence.logged(product, 'started');
      evidence.isWhatTheTableTells();
      figures('kill-embedded', { kills, records, ...pace, grants: promised.devices.length });
    },
    DRILL_MS,
  );
});

describeWith(['redis-server', 'redis-cli'], 'SIGKILL at random moments under load, with Redis', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis(['appendonly yes', 'appendfsync always']);
  });
  afterAll(() => redis.end());

  test(
    'of our process and of redis-server in turn: nothing acknowledged is lost or doubled [RFC 2866 4.2]',
    async () => {
      const kills = inForm(3, 100);
      const evidence = new Evidence('kill-redis');
      const store = { kind: 'redis', redis: { server: `127.0.0.1:${redis.port}` } };
      const { product, promised } = await prepare(store);
      await product.start();
      await promised.begin();
      for (let kill = 0; kill < kills; kill++) {
        promised.load.goOn();
        await randomWhile();
        const killed = kill % 3 === 2 ? redis.process : product;
        await killIn(Math.floor(kill / 3), killed, redis);
        promised.load.hold();
        if (killed === redis.process) await redis.restart();
        expect(await withStore(product, (opened) => promised.losses(opened))).toEqual([]);
        if (killed === product) await product.start();
      }
      const { records } = promised.load;
      const pace = promised.load.pace();
      await promised.settle();
      expect(await withStore(product, (opened) => promised.differences(opened))).toEqual([]);
      expect(promised.devices.length).toBeGreaterThan(0);
      await evidence.logged(product, 'started');
      evidence.isWhatTheTableTells();
      figures('kill-redis', { kills, records, ...pace, grants: promised.devices.length });
    },
    DRILL_MS,
  );
});

describeWith(
  ['redis-server', 'redis-cli'],
  'SIGKILL at random moments under load, of processes of one role each',
  () => {
    const roles = ['portal', 'radius', 'controller'];
    let redis: RedisServer;
    beforeAll(async () => {
      redis = await startRedis(['appendonly yes', 'appendfsync always']);
    });
    afterAll(() => redis.end());

    test(
      'of each in turn: the others go on, and nothing acknowledged is lost or doubled [RFC 2866 4.2]',
      async () => {
        const kills = inForm(3, 100);
        const evidence = new Evidence('kill-roles');
        const { product, promised } = await prepare({ kind: 'redis', redis: { server: `127.0.0.1:${redis.port}` } });
        const processes = await Promise.all(roles.map((role) => startRole(product, role)));
        for (const process of processes) open.push({ end: () => process.running().end('SIGKILL') });
        await promised.begin();
        for (let kill = 0; kill < kills; kill++) {
          promised.load.goOn();
          await randomWhile();
          const killed = processes[kill % roles.length];
          if (killed === undefined) throw new Error('no process');
          await killIn(Math.floor(kill / roles.length), killed.running(), redis);
          const [{ records }, { length }] = [promised.load, promised.devices];
          // What the others take does not wait for the one that is gone.
          if (killed.role !== 'radius') await until('records are kept', () => promised.load.records > records);
          if (killed.role !== 'portal') await until('visitors are served', () => promised.devices.length > length);
          promised.load.hold();
          expect(await withStore(product, (opened) => promised.losses(opened))).toEqual([]);
          await killed.start();
        }
        const { records } = promised.load;
        const pace = promised.load.pace();
        promised.load.goOn();
        await promised.settle();
        expect(await withStore(product, (opened) => promised.differences(opened))).toEqual([]);
        if (processes.every(({ running }) => running().output().includes('"event":"started"'))) evidence.saw('started');
        evidence.isWhatTheTableTells();
        figures('kill-roles', { kills, records, ...pace, grants: promised.devices.length });
      },
      DRILL_MS,
    );
  },
);
