import { openRedisStore } from '../../store/redis/driver';
import type { Store } from '../../store/store';
import { CONTEXT, event, WHOLE_TIME } from '../contract/fixtures';
import { describeWith } from '../support/packages';
import { type RedisServer, redisPlace, startRedis } from '../support/redis';

jest.setTimeout(60_000);

describeWith(['redis-server', 'redis-cli'], 'what goes to Redis in one call', () => {
  let server: RedisServer;
  let store: Store;
  let prefix = '';
  let places = 0;
  beforeAll(async () => {
    server = await startRedis(['appendonly yes', 'appendfsync always']);
  });
  beforeEach(async () => {
    prefix = `p-${++places}`;
    store = await openRedisStore(redisPlace({ server: `127.0.0.1:${server.port}`, prefix }), CONTEXT);
  });
  afterEach(async () => {
    server.cli('config', 'set', 'maxmemory', '0');
    await store.close();
  });
  afterAll(() => server.end());

  const keysLike = (pattern: string) => server.cli('--scan', '--pattern', `${prefix}:${pattern}`);

  test('a total at which Redis refuses to count further takes no other’s counts with it', async () => {
    const report = (site: string, sessionId: string) =>
      store.applyAccounting(event('interim', 0, { site, sessionId, downloadOctets: 7, uploadOctets: 1 }));
    await report('rathaus', 'first');
    const fill = `for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
      if string.find(field, 'download') then redis.call('HSET', KEYS[1], field, '9223372036854775807') end
    end`;
    server.cli('eval', fill, '1', keysLike('*:usage'));
    await Promise.all([report('rathaus', 'second'), report('markt', 'third')]);
    expect(await store.siteUsage('rathaus', WHOLE_TIME)).toMatchObject([
      { sessions: 2, downloadOctets: Number.MAX_SAFE_INTEGER, uploadOctets: 2 },
    ]);
    expect(await store.siteUsage('markt', WHOLE_TIME)).toMatchObject([
      { sessions: 1, downloadOctets: 7, uploadOctets: 1 },
    ]);
  });
});
