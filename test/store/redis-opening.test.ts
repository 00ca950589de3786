import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { Redis } from 'ioredis';
import { Secret } from '../../config/secret';
import { OperatorError } from '../../core/errors';
import { packageRoot } from '../../runtime/package-root';
import type { RedisPlace } from '../../store/redis/connect';
import { openRedisStore } from '../../store/redis/driver';
import type { Store } from '../../store/store';
import { CONTEXT, device, event, request, START } from '../contract/fixtures';
import { privacyContract } from '../contract/privacy';
import { describeWith } from '../support/packages';
import { freeTcpPort } from '../support/ports';
import { type RedisServer, redisPlace, startRedis } from '../support/redis';
import { until } from '../support/wait';

jest.setTimeout(180_000);

const DURABLE = ['appendonly yes', 'appendfsync always'];
const opened: Store[] = [];
let prefixes = 0;

/** Opens a store in a place of its own. */
async function open(place: Partial<RedisPlace>, warn?: (message: string) => void): Promise<Store> {
  const store = await openRedisStore(redisPlace({ prefix: `p-${++prefixes}`, ...place }), CONTEXT, warn);
  opened.push(store);
  return store;
}
const closeAll = () => Promise.all(opened.splice(0).map((store) => store.close()));

/** How something fails: the code; and it must be one sentence, one remedy, no stack trace. */
async function refusal(trying: Promise<unknown>): Promise<string> {
  const error = await trying.then(
    () => new Error('it worked'),
    (error: unknown) => error,
  );
  if (!(error instanceof OperatorError)) throw new Error(`not an operator's error: ${inspect(error)}`);
  expect(error.toString()).toMatch(/^[^\n]+\. [^\n]+\. \([A-Z_]+\)$/);
  return error.code;
}

describeWith(['redis-server', 'redis-cli', 'openssl'], 'opening the store on Redis', () => {
  let server: RedisServer;
  let tlsPort: number;
  const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-redis-tls-'));
  const at = (port: number) => `127.0.0.1:${port}`;
  const here = () => ({ server: at(server.port) });

  beforeAll(async () => {
    for (const name of ['ours', 'other']) {
      execFileSync(
        'openssl',
        ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
          .concat(['-subj', '/CN=redis.example', '-addext', 'subjectAltName=DNS:redis.example'])
          .concat(['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.pem`)]),
        { stdio: 'ignore' },
      );
    }
    tlsPort = await freeTcpPort();
    const [key, certificate] = [join(folder, 'ours.key'), join(folder, 'ours.pem')];
    server = await startRedis([
      ...DURABLE,
      `unixsocket ${join(folder, 'redis.sock')}`,
      ...[`tls-port ${tlsPort}`, `tls-cert-file ${certificate}`, `tls-key-file ${key}`, 'tls-auth-clients no'],
      'user full on >full-password-of-redis ~* &* +@all',
      'user poor on >poor-password-of-redis ~* +info +hmget +config|get',
      `user told on >told-password-of-redis ${rightsOfReadme()}`,
    ]);
  });
  afterEach(closeAll);
  afterAll(async () => {
    await server.end();
    rmSync(folder, { recursive: true });
  });

  /** The rights that the README tells to give, without name, password and prefix. */
  function rightsOfReadme(): string {
    const readme = readFileSync(join(packageRoot, 'store/redis/README.md'), 'utf8');
    const rights = /^ACL SETUSER stadtfunk on >PASSWORD ~stadtfunk:\* (.*)$/m.exec(readme)?.[1];
    if (rights === undefined) throw new Error('the README lists no rights');
    return `~stadtfunk:* ${rights}`;
  }
  const tls = (files: RedisPlace['tls']) => () => ({ server: at(tlsPort), tls: files });
  const trusted = { authority: join(folder, 'ours.pem'), serverName: 'redis.example' };

  test.each<[string, () => Partial<RedisPlace>]>([
    ['a Unix socket', () => ({ socket: join(folder, 'redis.sock') })],
    ['another database', () => ({ ...here(), database: 3 })],
    ['TLS with an authority', tls(trusted)],
    ['a user with password', () => ({ ...here(), username: 'full', password: new Secret('full-password-of-redis') })],
  ])('works over %s', async (_, place) => {
    const store = await open(place());
    await store.check();
    const { grant } = await store.putGrant(request(1));
    expect(await store.findGrant('rathaus', device(1), START)).toEqual(grant);
  });

  test('the rights that the README lists are enough for everything, and for no key of others', async () => {
    const place = { ...here(), username: 'told', password: new Secret('told-password-of-redis') };
    const warnings: string[] = [];
    const store = await open({ ...place, prefix: 'stadtfunk' }, (message) => warnings.push(message));
    const { grant, credential } = await store.putGrant(request(1, { withCredential: true }));
    const username = credential?.username ?? '';
    expect(await store.takeCredential({ username, gateway: 'gw-1', device: device(1), now: START })).toMatchObject({
      ok: true,
    });
    await store.applyAccounting(event('start', 0, { grantId: grant.id }));
    await store.putWaiting({ gateway: 'gw-1', id: 'a', line: 'line', since: START, expiresAt: START + 1 });
    expect(await store.takeWaiting('gw-1', 4, START)).toHaveLength(1);
    expect((await store.orderEnd({ site: 'rathaus' }, START)).sessions).toHaveLength(1);
    await store.census(START);
    await store.forget(START + 9 * 3_600_000, { historyBefore: START });
    await store.check();
    expect(warnings).toEqual([]);
    expect(await refusal(open({ ...place, prefix: 'another' }))).toBe('STORE_PERMISSION');
  });

  test.each<[string, string, () => Partial<RedisPlace> | Promise<Partial<RedisPlace>>]>([
    ['nobody listens there', 'STORE_UNREACHABLE', async () => ({ server: at(await freeTcpPort()) })],
    ['no such socket', 'STORE_UNREACHABLE', () => ({ socket: join(folder, 'none.sock') })],
    ['no such host', 'STORE_UNREACHABLE', () => ({ server: 'no-such-host.invalid:6379' })],
    ['no Sentinel answers', 'STORE_UNREACHABLE', async () => ({ sentinels: [at(await freeTcpPort())] })],
    ['the password is wrong', 'STORE_PASSWORD', () => ({ ...here(), username: 'full', password: new Secret('no') })],
    [
      'its user may not write',
      'STORE_PERMISSION',
      () => ({ ...here(), username: 'poor', password: new Secret('poor-password-of-redis') }),
    ],
    ['it is none of a cluster', 'STORE_NOT_A_CLUSTER', () => ({ cluster: [at(server.port)] })],
    ['its certificate is of nobody trusted', 'STORE_TLS', tls({ ...trusted, authority: join(folder, 'other.pem') })],
    ['its certificate names another', 'STORE_TLS', tls({ authority: trusted.authority })],
    ['the file of the authority is missing', 'STORE_TLS', tls({ authority: join(folder, 'none.pem') })],
    ['it speaks no TLS there', 'STORE_TLS', () => ({ ...here(), tls: {} })],
    ['it is too old for WAITAOF', 'STORE_TOO_OLD', () => ({ ...here(), durability: 'waitaof' })],
  ])('is refused in one sentence when %s', async (_, code, place) => {
    expect(await refusal(open(await place()))).toBe(code);
  });

  test('another "key" than the one it was written with is refused, and so is a newer schema', async () => {
    const place = redisPlace({ ...here(), prefix: 'marked' });
    await (await open(place)).close();
    const other = { ...CONTEXT, townKey: 'another-key-another-key-another-key-another' };
    expect(await refusal(openRedisStore(place, other))).toBe('STORE_KEY_WRONG');
    server.cli('hset', 'marked:{town}:meta', 'schema', '99');
    expect(await refusal(open(place))).toBe('STORE_NEWER');
  });

  test('what no replica has confirmed is not done', async () => {
    const store = await openRedisStore(redisPlace({ ...here(), prefix: 'alone' }), CONTEXT);
    opened.push(store);
    const doubting = await openRedisStore(redisPlace({ ...here(), prefix: 'alone', durability: 'replicas' }), CONTEXT);
    opened.push(doubting);
    expect(await refusal(doubting.applyAccounting(event('start', 0)))).toBe('STORE_NOT_CONFIRMED');
    // It may have been done all the same; asked again, nothing counts twice.
    await store.applyAccounting(event('start', 0));
    expect((await store.siteUsage('rathaus', { from: 0, to: START + 1 }))[0]?.sessions).toBe(1);
  });

  test('processes share keys, grants and credentials, and a credential is redeemed in one of them', async () => {
    const [one, other] = [await open({ ...here(), prefix: 'shared' }), await open({ ...here(), prefix: 'shared' })];
    const both = [one, other] as const;
    const granted = await Promise.all(
      both.flatMap((store, i) => [1, 2].map((n) => store.putGrant(request(2 * i + n, { withCredential: true })))),
    );
    expect(server.cli('hlen', sharedKey('keys:rathaus'))).toBe('1');
    for (const store of both) {
      const found = await Promise.all(granted.map((_, i) => store.findGrant('rathaus', device(i + 1), START)));
      expect(found).toEqual(granted.map(({ grant }) => grant));
    }
    const username = granted[0]?.credential?.username ?? '';
    const take = { username, gateway: 'gw-1', device: device(1), now: START };
    const taken = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? one : other).takeCredential(take)),
    );
    expect(taken.filter(({ ok }) => ok)).toHaveLength(1);
    // Destroyed by one, it is dead for the other.
    await one.forget(START + 12 * 3_600_000, { historyBefore: 0 });
    expect(await other.findGrant('rathaus', device(1), START)).toBeUndefined();
  });
  const sharedKey = (table: string) => server.cli('--scan', '--pattern', `shared:{s*}:${table}`);
});

describeWith(['redis-server', 'redis-cli'], 'a Redis that may lose something', () => {
  const volatile = async (lines: readonly string[], place: Partial<RedisPlace>) => {
    const server = await startRedis(lines);
    const warnings: string[] = [];
    try {
      const opening = open({ server: `127.0.0.1:${server.port}`, ...place }, (message) => warnings.push(message));
      const code = await opening.then(
        () => 'opened',
        () => refusal(opening),
      );
      return { code, warnings };
    } finally {
      await closeAll();
      await server.end();
    }
  };
  const EVICTING = ['maxmemory 100mb', 'maxmemory-policy allkeys-lru'];

  test.each<[string, readonly string[], Partial<RedisPlace>, string, RegExp[]]>([
    ['without a file', [], {}, 'STORE_VOLATILE', []],
    ['without a file, allowed', [], { allowVolatile: true }, 'opened', [/memory only/]],
    ['that evicts', [...DURABLE, ...EVICTING], {}, 'STORE_EVICTS', []],
    ['that writes every second', ['appendonly yes'], {}, 'opened', [/up to a second/]],
    ['that writes some time', ['appendonly yes', 'appendfsync no'], {}, 'opened', [/half a minute/]],
    ['that writes at once', DURABLE, {}, 'opened', []],
  ])('%s', async (_, lines, place, code, warnings) => {
    const found = await volatile(lines, place);
    expect(found.code).toBe(code);
    expect(found.warnings).toHaveLength(warnings.length);
    for (const [i, warning] of warnings.entries()) expect(found.warnings[i]).toMatch(warning);
  });

  test('one that is full takes nothing more, forgets, and goes on; no error tells what was to be written', async () => {
    const server = await startRedis([...DURABLE, 'maxmemory 0']);
    const store = await open({ server: `127.0.0.1:${server.port}` });
    const { grant } = await store.putGrant(request(1));
    server.cli('config', 'set', 'maxmemory', '1');
    const failed = await store.applyAccounting(event('start', 0, { sessionId: 'canary' })).catch((error) => error);
    expect(failed).toMatchObject({ code: 'STORE_FULL' });
    expect(inspect(failed, { depth: 9 })).not.toContain('canary');
    await store.forget(START + 9 * 3_600_000, { historyBefore: START });
    expect(await store.getGrant(grant.id, START)).toBeUndefined();
    server.cli('config', 'set', 'maxmemory', '0');
    await store.applyAccounting(event('start', 0));
    await closeAll();
    await server.end();
  });

  test('one that hangs fails within seconds, one that was killed too, and what was acknowledged is there again', async () => {
    const server = await startRedis(DURABLE);
    const store = await open({ server: `127.0.0.1:${server.port}` });
    const { grant } = await store.putGrant(request(1));
    server.process.signal('SIGSTOP');
    expect(await refusal(store.check())).toBe('STORE_UNREACHABLE');
    server.process.signal('SIGCONT');
    await until(
      'it answers again',
      () =>
        store.check().then(
          () => true,
          () => false,
        ),
      60_000,
    );
    await server.process.end('SIGKILL');
    expect(await refusal(store.check())).toBe('STORE_UNREACHABLE');
    await server.restart();
    await until(
      'it answers again',
      () =>
        store.check().then(
          () => true,
          () => false,
        ),
      60_000,
    );
    expect(await store.findGrant('rathaus', device(1), START)).toEqual(grant);
    await closeAll();
    await server.end();
  });
});

describeWith(['redis-server', 'redis-cli'], 'privacy in Redis', () => {
  let server: RedisServer;
  let redis: Redis;
  beforeAll(async () => {
    server = await startRedis(DURABLE);
    redis = new Redis(server.port, '127.0.0.1', { protocol: 2 });
  });
  afterAll(async () => {
    await closeAll();
    redis.disconnect();
    await server.end();
  });

  const keysOf = (place: string) => redis.keysBuffer(`${place}:*`);
  async function contentOf(key: Buffer): Promise<Buffer[]> {
    const type = await redis.type(key);
    if (type === 'hash') return [...(await redis.hkeysBuffer(key)), ...(await redis.hvalsBuffer(key))];
    return type === 'zset' ? redis.zrangeBuffer(key, '0', '-1') : redis.smembersBuffer(key);
  }

  privacyContract('redis', {
    open: ({ place, ...context }) =>
      openRedisStore(redisPlace({ server: `127.0.0.1:${server.port}`, prefix: place }), context),
    dump: async (place) => {
      const keys = await keysOf(place);
      return [
        Buffer.concat(keys),
        ...(await Promise.all(keys.map(contentOf))).map((content) => Buffer.concat(content)),
      ];
    },
    copy: async (from, to) => {
      for (const key of await keysOf(from)) {
        await redis.copy(key, Buffer.concat([Buffer.from(to), key.subarray(from.length)]));
      }
    },
  });
});
