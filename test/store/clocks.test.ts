import { Secret } from '../../config/secret';
import { HOUR, MINUTE, type Millis, SECOND } from '../../core/time';
import { type Clock, systemClock } from '../../runtime/clock';
import { openRedisStore } from '../../store/redis/driver';
import type { Store } from '../../store/store';
import { CONTEXT } from '../contract/fixtures';
import { describeWith } from '../support/packages';
import { type RedisServer, redisPlace, startRedis } from '../support/redis';

interface Machine {
  readonly clock: Clock;
  readonly store: Store;
}

describeWith(['redis-server', 'redis-cli'], 'machines whose clocks differ, on one Redis', () => {
  let server: RedisServer;
  let towns = 0;
  const opened: Store[] = [];
  beforeAll(async () => {
    server = await startRedis(['appendonly yes', 'appendfsync always']);
  });
  afterEach(() => Promise.all(opened.splice(0).map((store) => store.close())));
  afterAll(() => server.end());

  /** Machines of one town; by how much the clock of each is ahead. */
  function machines(...ahead: Millis[]): Promise<Machine[]> {
    towns += 1;
    const place = redisPlace({ server: `127.0.0.1:${server.port}`, prefix: `town-${towns}` });
    return Promise.all(
      ahead.map(async (by) => {
        const clock = { ...systemClock, now: () => systemClock.now() + by };
        const store = await openRedisStore(place, { ...CONTEXT, clock });
        opened.push(store);
        return { clock, store };
      }),
    );
  }

  test.each([30 * SECOND, HOUR, -HOUR])('one is %d ms ahead: work stays with whoever has it', async (ahead) => {
    const all = await machines(0, ahead);
    const claim = ({ clock, store }: Machine) => {
      const now = clock.now();
      const holder = String(all.findIndex((machine) => machine.store === store));
      return store.claim({ work: 'housekeeping', pieces: 1, holder, now, until: now + 10 * SECOND, able: true });
    };
    const held: number[][] = [];
    for (const machine of [...all, ...all, ...all.toReversed()]) held.push([...(await claim(machine)).held]);
    expect(held).toEqual([[0], [], [0], [], [], [0]]);
  });

  test('both watch: nothing is called unwatched, and whoever asks is told so', async () => {
    const all = await machines(0, HOUR, -HOUR);
    const from = systemClock.now();
    for (const { clock, store } of [...all, ...all]) await store.watch(clock.now(), MINUTE);
    for (const { clock, store } of all) {
      expect(await store.unwatched({ from, to: Math.max(from, clock.now()) }, MINUTE)).toEqual([]);
    }
  });

  test('a store knows by how much its machine is off', async () => {
    const [right, ahead, behind] = await Promise.all(
      (await machines(0, HOUR, -HOUR)).map(({ store }) => store.clockAhead()),
    );
    expect(right).toBe(0);
    expect(Math.abs((ahead ?? 0) - HOUR)).toBeLessThan(SECOND);
    expect(Math.abs((behind ?? 0) + HOUR)).toBeLessThan(SECOND);
  });

  test('a user of Redis who may not ask for the time works as before', async () => {
    server.cli('acl', 'setuser', 'town', 'on', '>a-password-of-redis', '~*', '&*', '+@all', '-time');
    const user = { username: 'town', password: new Secret('a-password-of-redis') };
    const place = redisPlace({ server: `127.0.0.1:${server.port}`, prefix: 'timeless', ...user });
    const store = await openRedisStore(place, CONTEXT);
    opened.push(store);
    expect(await store.clockAhead()).toBe(0);
    const now = systemClock.now();
    const { held } = await store.claim({ work: 'w', pieces: 1, holder: 'a', now, until: now + SECOND, able: true });
    expect(held).toEqual([0]);
  });
});
