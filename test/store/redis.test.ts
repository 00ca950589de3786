import { openRedisStore } from '../../store/redis/driver';
import type { Store } from '../../store/store';
import { storeContract } from '../contract/store';
import { describeWith } from '../support/packages';
import { type RedisServer, redisPlace, startCluster, startRedis, startSentinel } from '../support/redis';

// Random lists of operations wait for the network a few thousand times.
jest.setTimeout(180_000);

/** A store that a failed test leaves open would try to reach its Redis for ever. */
const opened: Store[] = [];
async function open(...how: Parameters<typeof openRedisStore>): Promise<Store> {
  const store = await openRedisStore(...how);
  opened.push(store);
  return store;
}
const closeAll = () => Promise.all(opened.splice(0).map((store) => store.close()));

describeWith(['redis-server', 'redis-cli'], 'the store on one Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis(['appendonly yes', 'appendfsync always']);
  });
  afterAll(() => closeAll().then(() => server.end()));

  storeContract('redis', ({ place, ...context }) =>
    open(redisPlace({ server: `127.0.0.1:${server.port}`, prefix: place }), context),
  );
});

describeWith(['redis-server', 'redis-cli'], 'the store on a Redis cluster of three masters and three replicas', () => {
  let servers: readonly RedisServer[];
  beforeAll(async () => {
    servers = await startCluster();
  });
  afterAll(() => closeAll().then(() => Promise.all(servers.map((server) => server.end()))));

  storeContract('cluster', ({ place, ...context }) =>
    open(
      redisPlace({
        cluster: servers.slice(0, 2).map(({ port }) => `127.0.0.1:${port}`),
        prefix: place,
        durability: 'replicas',
        allowVolatile: true,
      }),
      context,
    ),
  );
});

describeWith(['redis-server', 'redis-cli'], 'the store on a Redis that Sentinel names', () => {
  let master: RedisServer;
  let sentinel: RedisServer;
  beforeAll(async () => {
    master = await startRedis(['appendonly yes', 'appendfsync always']);
    sentinel = await startSentinel(master);
  });
  afterAll(() => closeAll().then(() => Promise.all([master.end(), sentinel.end()])));

  storeContract(
    'sentinel',
    ({ place, ...context }) => {
      const of = { master: 'town', sentinels: [`127.0.0.1:${sentinel.port}`] };
      return open(redisPlace({ ...of, prefix: place }), context);
    },
    5,
  );
});
