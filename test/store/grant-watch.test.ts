import { connect, createServer, type Socket } from 'node:net';
import { openRedisStore } from '../../store/redis/driver';
import { BELIEVED_MS } from '../../store/redis/grant-watch';
import type { Store } from '../../store/store';
import { CONTEXT, device, request, START } from '../contract/fixtures';
import { describeWith } from '../support/packages';
import { type RedisServer, redisPlace, startCluster, startRedis, startSentinel } from '../support/redis';
import { until } from '../support/wait';
import { keptIsWhatIsFound } from './kept-grants';

jest.setTimeout(120_000);

const ALWAYS = ['appendonly yes', 'appendfsync always'];
type Place = Parameters<typeof redisPlace>[0];

const opened: Store[] = [];
let places = 0;
async function open(place: Place): Promise<Store> {
  const store = await openRedisStore(redisPlace(place), CONTEXT);
  opened.push(store);
  return store;
}
const closeAll = () => Promise.all(opened.splice(0).map((store) => store.close()));

/** Finds the grant of a device until what is found may be kept. */
async function foundForGood(store: Store, who: number): Promise<{ readonly id: string; readonly version: number }> {
  let found: { id: string; version: number } | undefined;
  await until('a grant has a version', async () => {
    const grant = await store.findGrant('rathaus', device(who), START);
    const version = grant && store.grantVersion?.(grant.id);
    if (grant !== undefined && version !== undefined) found = { id: grant.id, version };
    return found !== undefined;
  });
  if (found === undefined) throw new Error('not found');
  return found;
}

const USE = {
  ...({ kind: 'interim', gateway: 'gw-rathaus', site: 'rathaus', sessionId: 'a' } as const),
  ...{ eventAt: START, receivedAt: START, seconds: 10, downloadOctets: 1_000, uploadOctets: 10 },
};

/** What somebody else may do to a grant. */
const CHANGES: readonly [string, (store: Store, grantId: string) => Promise<unknown>][] = [
  ['ended', (store, id) => store.endGrant(id, START)],
  ['ended with its site', (store) => store.orderEnd({ site: 'rathaus' }, START)],
  ['renewed', (store) => store.putGrant({ ...request(1), now: START + 1_000 })],
  ['used', (store, grantId) => store.applyAccounting({ ...USE, grantId })],
  // Where its grant lies is not asked again.
  ['used once more', (store, grantId) => usedAgain(store, grantId)],
];

async function usedAgain(store: Store, grantId: string): Promise<void> {
  await store.applyAccounting({ ...USE, grantId });
  await store.applyAccounting({ ...USE, grantId, eventAt: START + 10_000, seconds: 20, downloadOctets: 2_000 });
}

function heardOf(name: string, placeOf: () => Place): void {
  describe(name, () => {
    afterEach(closeAll);

    test.each(CHANGES)('a grant that another process has %s is not believed any more', async (_, change) => {
      const place = { ...placeOf(), prefix: `watch-${++places}` };
      const [one, other] = [await open(place), await open(place)];
      await Promise.all([1, 2].map((who) => one.putGrant(request(who))));
      const [first, second] = [await foundForGood(other, 1), await foundForGood(other, 2)];
      await change(one, first.id);
      await until('the change is heard of', () => other.grantVersion?.(first.id) !== first.version);
      if (_ !== 'ended with its site') expect(other.grantVersion?.(second.id)).toBe(second.version);
      expect(await other.findGrant('rathaus', device(1), START)).toEqual(
        await one.findGrant('rathaus', device(1), START),
      );
    });
  });
}

describeWith(['redis-server', 'redis-cli'], 'grants that are remembered, on one Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis(ALWAYS);
  });
  afterAll(() => closeAll().then(() => server.end()));
  const place = () => ({ server: `127.0.0.1:${server.port}` });

  heardOf('who is told', place);

  test('what was found is what would be found, as long as its version stays, whatever is done to the store', async () => {
    const another = () => open({ ...place(), prefix: `watch-${++places}` });
    await keptIsWhatIsFound(another, { lists: 10, longest: 20 });
    await closeAll();
  });

  test('of grants that are used at the same time every one is told', async () => {
    const at = { ...place(), prefix: `watch-${++places}` };
    const [one, other] = [await open(at), await open(at)];
    const visitors = [1, 2, 3];
    await Promise.all(visitors.map((who) => one.putGrant(request(who))));
    const found = await Promise.all(visitors.map((who) => foundForGood(other, who)));
    await Promise.all(found.map(({ id }) => one.applyAccounting({ ...USE, sessionId: id, grantId: id })));
    await until('each change is heard of', () =>
      found.every(({ id, version }) => other.grantVersion?.(id) !== version),
    );
    const used = await Promise.all(visitors.map((who) => other.findGrant('rathaus', device(who), START)));
    expect(used.map((grant) => grant?.usedOctets)).toEqual([1_010, 1_010, 1_010]);
  });

  test('nothing is believed for longer than a second while the way on which changes are told is frozen', async () => {
    const way = await FreezingWay.to(server.port);
    const prefix = `watch-${++places}`;
    const [one, other] = [await open({ ...place(), prefix }), await open({ server: `127.0.0.1:${way.port}`, prefix })];
    await one.putGrant(request(1));
    const { id, version } = await foundForGood(other, 1);
    way.freeze();
    expect(await one.endGrant(id, START)).toBe(true);
    const endedAt = performance.now();
    await until('the grant is not believed any more', () => other.grantVersion?.(id) !== version);
    // The timer of a busy test may be late; the version is never told later than this.
    while (performance.now() - endedAt < BELIEVED_MS) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(other.grantVersion?.(id)).toBeUndefined();
    expect(await other.findGrant('rathaus', device(1), START)).toBeUndefined();
    await closeAll();
    await way.end();
  });

  test('when that way is cut everything is forgotten, and it comes back by itself', async () => {
    const store = await open({ ...place(), prefix: `watch-${++places}` });
    await store.putGrant(request(1));
    const { id } = await foundForGood(store, 1);
    server.cli('client', 'kill', 'type', 'pubsub');
    await until('the cut is noticed', () => store.grantVersion?.(id) === undefined);
    expect((await foundForGood(store, 1)).id).toBe(id);
    await closeAll();
  });

  test('a closed store knows no versions', async () => {
    const store = await open({ ...place(), prefix: `watch-${++places}` });
    await store.putGrant(request(1));
    const { id } = await foundForGood(store, 1);
    await closeAll();
    expect(store.grantVersion?.(id)).toBeUndefined();
  });
});

describeWith(['redis-server', 'redis-cli'], 'grants that are remembered, on a cluster', () => {
  let servers: readonly RedisServer[];
  beforeAll(async () => {
    servers = await startCluster();
  });
  afterAll(() => closeAll().then(() => Promise.all(servers.map((server) => server.end()))));

  heardOf('who is told', () => ({
    ...{ cluster: servers.slice(0, 2).map(({ port }) => `127.0.0.1:${port}`), allowVolatile: true },
    durability: 'replicas',
  }));
});

describeWith(['redis-server', 'redis-cli'], 'grants that are remembered, on a Redis that Sentinel names', () => {
  let servers: readonly RedisServer[];
  beforeAll(async () => {
    const master = await startRedis(ALWAYS);
    servers = [await startSentinel(master), master];
  });
  afterAll(() => closeAll().then(() => Promise.all(servers.map((server) => server.end()))));

  heardOf('who is told', () => ({ master: 'town', sentinels: [`127.0.0.1:${servers[0]?.port}`] }));
});

/** A way to Redis on which, from some moment on, those who listen hear nothing, and everything else goes on. */
class FreezingWay {
  readonly port: number;
  readonly #close: () => Promise<void>;
  readonly #listening: Set<Socket>;

  private constructor(port: number, listening: Set<Socket>, close: () => Promise<void>) {
    this.port = port;
    this.#listening = listening;
    this.#close = close;
  }

  static async to(port: number): Promise<FreezingWay> {
    const [all, listening] = [new Set<Socket>(), new Set<Socket>()];
    const server = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      for (const socket of [near, far]) {
        all.add(socket);
        socket.on('error', () => {});
      }
      near.on('data', (octets) => {
        if (octets.includes('subscribe')) listening.add(far);
        far.write(octets);
      });
      far.on('data', (octets) => near.write(octets));
      near.on('close', () => far.destroy());
      far.on('close', () => near.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return new FreezingWay(address.port, listening, async () => {
      for (const socket of all) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
  }

  freeze(): void {
    for (const socket of this.#listening) socket.pause();
  }

  end(): Promise<void> {
    return this.#close();
  }
}
