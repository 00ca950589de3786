import { openRedisStore } from '../../store/redis/driver';
import { openRedisMovable } from '../../store/redis/move';
import type { Store } from '../../store/store';
import { describeWith } from '../support/packages';
import { type RedisServer, redisPlace, startRedis } from '../support/redis';
import type { ProvenDriver } from './driver';
import { linkageContract } from './linkage';
import { recordsContract } from './records';
import { redisRecords } from './redis-records';

jest.setTimeout(180_000);

describeWith(['redis-server', 'redis-cli'], 'a store on Redis', () => {
  let server: RedisServer;
  const opened: Store[] = [];
  beforeAll(async () => {
    server = await startRedis(['appendonly yes', 'appendfsync always']);
  });
  afterAll(async () => {
    await Promise.all(opened.map((store) => store.close()));
    await server.end();
  });

  const placeOf = (prefix: string) => redisPlace({ server: `127.0.0.1:${server.port}`, prefix });
  const redis: ProvenDriver = {
    open: async ({ place, ...context }) => {
      const store = await openRedisStore(placeOf(place), context);
      opened.push(store);
      return store;
    },
    openMovable: ({ place, ...context }, mustBeThere) => openRedisMovable(placeOf(place), context, mustBeThere),
    records: (place) => redisRecords(server.port, place),
    inMemoryOnly: [],
    lacks: 'unseen',
  };
  recordsContract('redis', redis);
  linkageContract('redis', redis);
});
