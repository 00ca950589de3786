import { openRedisStore } from '../../store/redis/driver';
import type { Store } from '../../store/store';
import { describeWith } from '../support/packages';
import { type RedisServer, redisPlace, startRedis } from '../support/redis';
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

  const redis = {
    open: async ({ place, ...context }: Parameters<Parameters<typeof recordsContract>[1]['open']>[0]) => {
      const store = await openRedisStore(redisPlace({ server: `127.0.0.1:${server.port}`, prefix: place }), context);
      opened.push(store);
      return store;
    },
    records: (place: string) => redisRecords(server.port, place),
    inMemoryOnly: [],
    lacks: 'unseen',
  } as const;
  recordsContract('redis', redis);
  linkageContract('redis', redis);
});
