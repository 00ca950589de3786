import { Redis } from 'ioredis';
import { DAY, MINUTE } from '../../core/time';
import { Change } from '../../store/redis/change';
import { openRedisStore } from '../../store/redis/driver';
import { answered } from '../../store/redis/durability';
import { Engine } from '../../store/redis/engine';
import { Keys } from '../../store/redis/keys';
import type { Store } from '../../store/store';
import { CONTEXT, event, request, START, WHOLE_TIME } from '../contract/fixtures';
import { describeWith } from '../support/packages';
import { type RedisServer, redisPlace, startRedis } from '../support/redis';
import { until } from '../support/wait';

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

  test('a Redis that is full refuses reports, and removes all the while what is to go', async () => {
    const { grant } = await store.putGrant(request(1, { dayCount: 'time' }));
    await store.putGrant(request(2, { dayCount: 'time' }));
    // From then on a report is written in one change.
    await store.applyAccounting(event('start', 0));
    server.cli('config', 'set', 'maxmemory', '1');
    let isOver = false;
    const refused = new Set<string>();
    const reports = [1, 2, 3, 4].map(async (visitor) => {
      while (!isOver) {
        const answer = store.applyAccounting(event('start', 0, { sessionId: `${visitor}` }));
        refused.add(await answer.then(String, ({ code }) => code));
      }
    });
    try {
      await store.orderEnd({ grant: grant.id }, START + MINUTE);
      expect(await store.getGrant(grant.id, START)).toBeUndefined();
      await store.forget(START + 2 * DAY, { historyBefore: START + 2 * DAY });
      expect(keysLike('*:keys:rathaus')).toBe('');
    } finally {
      isOver = true;
      await Promise.all(reports);
    }
    expect(refused).toContain('STORE_FULL');
  });

  test('while Redis is silent, who waits behind others is refused with them, not after each of them', async () => {
    await store.applyAccounting(event('start', 0));
    server.process.signal('SIGSTOP');
    const since = performance.now();
    // Five groups, each of which would wait for three seconds.
    const reports = Array.from({ length: 600 }, (_, i) =>
      store.applyAccounting(event('start', 0, { sessionId: `silent-${i}` })),
    );
    const told = await Promise.allSettled(reports);
    const took = performance.now() - since;
    server.process.signal('SIGCONT');
    expect(told.map(({ status }) => status)).not.toContain('fulfilled');
    expect(took).toBeLessThan(9_000);
    // What Redis was sent and did after all counts once, however often it is told again.
    await until('it answers', () =>
      store.check().then(
        () => true,
        () => false,
      ),
    );
    await store.applyAccounting(event('interim', 0, { sessionId: 'silent-0', seconds: 60, downloadOctets: 5 }));
    expect(
      (await store.siteUsage('rathaus', WHOLE_TIME)).reduce((sum, { downloadOctets }) => sum + downloadOctets, 0),
    ).toBe(5);
  });

  test('what only removes is done when Redis is full, though it goes with what is refused', async () => {
    const redis = new Redis(server.port, '127.0.0.1', { protocol: 2 });
    const keys = new Keys(prefix);
    const engine = new Engine(redis, keys, answered);
    const key = keys.town('exams');
    await engine.commit(new Change().write('HSET', key, 'old', 'exam'));
    server.cli('config', 'set', 'maxmemory', '1');
    const [added, removed] = await Promise.allSettled([
      engine.commit(new Change().write('HSET', key, 'new', 'exam')),
      engine.commit(new Change().write('HDEL', key, 'old')),
    ]);
    expect(added.status).toBe('rejected');
    expect(removed).toEqual({ status: 'fulfilled', value: true });
    expect(await redis.hkeys(key)).toEqual([]);
    await engine.close();
  });

  test('a Start that comes after its Stop leaves no way from the grant to the session', async () => {
    const { grant } = await store.putGrant(request(1));
    const of = { sessionId: 'short', grantId: grant.id };
    await store.applyAccounting(event('start', 0, of));
    await store.applyAccounting(event('stop', 60, { ...of, seconds: 60 }));
    const index = keysLike(`{i:${grant.id}}`);
    await store.applyAccounting(event('start', 0, of));
    expect(server.cli('hkeys', index).split('\n').sort()).toEqual(['device', 'site']);
  });

  test('reports of a group of which another process has changed one session are all counted once', async () => {
    const other = await openRedisStore(redisPlace({ server: `127.0.0.1:${server.port}`, prefix }), CONTEXT);
    const ids = ['a', 'b', 'c', 'd'];
    const all = (kind: 'start' | 'interim', seconds: number) =>
      Promise.all(
        ids.map((sessionId) =>
          store.applyAccounting(event(kind, seconds, { sessionId, seconds, downloadOctets: seconds })),
        ),
      );
    await all('start', 0);
    await other.applyAccounting(event('interim', 30, { sessionId: 'b', seconds: 30, downloadOctets: 30 }));
    const added = await all('interim', 60);
    expect(added.map(({ downloadOctets }) => downloadOctets)).toEqual([60, 30, 60, 60]);
    expect(await store.siteUsage('rathaus', WHOLE_TIME)).toMatchObject([{ sessions: 4, downloadOctets: 240 }]);
    await other.close();
  });

  test('reports on one session that come at the same time count once', async () => {
    const reports = [10, 20, 30, 40].map((seconds) =>
      store.applyAccounting(event('start', seconds, { seconds, downloadOctets: seconds, uploadOctets: 0 })),
    );
    await Promise.all(reports);
    expect(await store.siteUsage('rathaus', WHOLE_TIME)).toMatchObject([{ sessions: 1, downloadOctets: 40 }]);
  });

  test('a session that goes on is silent from its last report on', async () => {
    await store.applyAccounting(event('start', 0));
    await store.applyAccounting(event('interim', 1_200, { seconds: 1_200 }));
    expect(await store.closeSilentSessions(START + 10 * MINUTE, START + 21 * MINUTE)).toBe(0);
    expect(await store.closeSilentSessions(START + 20 * MINUTE, START + 21 * MINUTE)).toBe(0);
    expect(await store.closeSilentSessions(START + 21 * MINUTE, START + 40 * MINUTE)).toBe(1);
  });
});
