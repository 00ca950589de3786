import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { openRedisStore } from '../../store/redis/driver';
import { privacyContract } from '../contract/privacy';
import { filesOf } from '../support/canary';
import { describeWith } from '../support/packages';
import { type RedisServer, redisPlace, startRedis } from '../support/redis';
import { until } from '../support/wait';

/** Nothing is compressed: a search would not find what is. */
const LINES = ['appendonly yes', 'appendfsync always', 'rdbcompression no'];

describeWith(['redis-server', 'redis-cli'], 'the files of Redis, once it has rewritten them', () => {
  const servers = new Map<string, RedisServer>();
  afterAll(() => Promise.all([...servers.values()].map((server) => server.end())));

  /** Each place is a Redis of its own, so that its files hold nothing else. */
  async function serverOf(place: string): Promise<RedisServer> {
    const server = servers.get(place) ?? (await startRedis(LINES));
    servers.set(place, server);
    return server;
  }

  privacyContract('redis', {
    open: async ({ place, ...context }) =>
      openRedisStore(redisPlace({ server: `127.0.0.1:${(await serverOf(place)).port}` }), context),
    dump: async (place) => {
      const { cli, folder } = await serverOf(place);
      cli('bgrewriteaof');
      const isRewritten = () =>
        /aof_rewrite_in_progress:0[\s\S]*aof_rewrite_scheduled:0/.test(cli('info', 'persistence'));
      await until('the file is rewritten', isRewritten);
      cli('save');
      return filesOf(folder).map((file) => readFileSync(file));
    },
    copy: async (from, to) => {
      const [source, target] = await Promise.all(
        [from, to].map(async (place) => new Redis({ host: '127.0.0.1', port: (await serverOf(place)).port })),
      );
      if (source === undefined || target === undefined) throw new Error('no connection');
      for (const key of await source.keys('*')) {
        // The moment, not what is left of it: an end that moved with the copying would look like a trace of the visitor.
        const end = await source.pexpiretime(key);
        const value = await source.dumpBuffer(key);
        if (value !== null) await target.restore(key, Math.max(0, end), value, 'ABSTTL');
      }
      source.disconnect();
      target.disconnect();
    },
  });
});
