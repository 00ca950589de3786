import type { Redis } from 'ioredis';
import { DeviceAddress } from '../../core/mac';
import { HOUR, SECOND } from '../../core/time';
import { systemClock } from '../../runtime/clock';
import { systemRandom } from '../../runtime/random';
import { openRedisStore } from '../../store/redis/driver';
import { ALL_SHARES, Keys, type SiteKeys } from '../../store/redis/keys';
import type { Store } from '../../store/store';
import { type Figure, median } from '../figure';
import { deviceOf } from '../radius/requests';
import { type BenchRedis, startBenchRedis } from './redis-server';
import { millisecondsOf } from './scale-out';

/**
 * What an operation costs with millions of grants beside what it costs with a few: two Redis, in turns. Neither writes to
 * a disk, so that what differs is the number of grants only; and what bare commands lose there is Redis' and the memory's,
 * not ours: GET and SET of a few keys of their own that lie together, HGET of grants and of keys with a time to live anywhere,
 * and the three commands by which a grant is found. Before, Redis has to have put its tables in order.
 */

const SITES = 640;
const KNOWN = 10_000;
const IN_FLIGHT = 64;
const SLICE_MS = 500;
const AT_ONCE = 2_000;
const PREFIX = 'bench';
const KEYS = new Keys(PREFIX);
const GATEWAY = 'gw-platz';

/** As `putGrant` would leave them, with random pseudonyms: record, octets, three lists and the way from the id. */
const FILL = `
local now, site = tonumber(ARGV[1]), ARGV[4]
local from, last = tonumber(ARGV[2]), tonumber(ARGV[2]) + tonumber(ARGV[3]) - 1
for first = from, last, 500 do
  local grants, octets, byExpiry, bySite, byGateway = {}, {}, {}, {}, {}
  for i = first, math.min(first + 499, last) do
    local hash = redis.sha1hex(site .. i)
    local device, id, expiry = string.sub(hash, 1, 16), string.sub(hash, 17, 38), string.format('%.0f', now + 3600000 + i)
    local at = 2 * (i - first) + 1
    grants[at], octets[at], byExpiry[at + 1] = device, device, device
    grants[at + 1] = '{"id":"' .. id .. '","site":"' .. site .. '","gateway":"${GATEWAY}","termsVersion":"2026-11",' ..
      '"day":"2026-11-20","acceptedAt":' .. ARGV[1] .. ',"expiresAt":' .. expiry .. '}'
    octets[at + 1], byExpiry[at], bySite[at], byGateway[at] = '0', expiry, '0', '0'
    bySite[at + 1], byGateway[at + 1] = site .. '\\0' .. device, '${GATEWAY}\\0' .. device
    local way = '${PREFIX}:{i:' .. id .. '}'
    redis.call('HSET', way, 'site', site, 'device', device)
    redis.call('PEXPIRE', way, 86400000)
  end
  redis.call('HSET', KEYS[1], unpack(grants))
  redis.call('HSET', KEYS[2], unpack(octets))
  redis.call('ZADD', KEYS[3], unpack(byExpiry))
  redis.call('ZADD', KEYS[4], unpack(bySite))
  redis.call('ZADD', KEYS[5], unpack(byGateway))
end
`;

export async function manyGrants(grants: number, seconds: number): Promise<Figure[]> {
  const redis = [await startVolatile(), await startVolatile()] as const;
  const stores: Store[] = [];
  try {
    await fill(redis[1].client, grants);
    for (const { port } of redis) stores.push(await openOn(port));
    const [few, many] = stores;
    if (few === undefined || many === undefined) return [];
    const now = systemClock.now();
    const [a, b] = [sideOf(few, redis[0]), sideOf(many, redis[1])];
    for (const { store, redis, places, ways } of [a, b]) {
      await putKnown(store, now);
      await bareKeys(redis.client);
      await inOrder(redis.client);
      places.push(...(await somePlaces(redis.client)));
      ways.push(...(await someWays(redis.client)));
    }
    const figures: Figure[] = [];
    for (const [name, operation] of operations(now)) figures.push(...(await inTurns(name, operation, a, b, seconds)));
    return figures;
  } finally {
    await Promise.all(stores.map((store) => store.close()));
    for (const one of redis) await one.stop();
  }
}

const startVolatile = (): Promise<BenchRedis> => startBenchRedis(['appendonly no', 'enable-debug-command local']);

function openOn(port: number): Promise<Store> {
  const place = { server: `127.0.0.1:${port}`, prefix: PREFIX, master: '', database: 0, replicas: 1 };
  const context = { townKey: 'bench-key-'.repeat(4), timeZone: 'Europe/Berlin', random: systemRandom };
  return openRedisStore({ ...place, durability: 'aof', allowVolatile: true }, context);
}

async function fill(client: Redis, grants: number): Promise<void> {
  const now = systemClock.now();
  const each = Math.ceil(grants / SITES);
  for (let n = 0; n < SITES; n++) {
    const of = KEYS.site(siteOf(n));
    const names = [of.grants, of.octets, of.byExpiry, of.bySite, of.byGateway];
    for (let from = 0; from < each; from += AT_ONCE) {
      await client.eval(FILL, names.length, ...names, now, from, Math.min(AT_ONCE, each - from), siteOf(n));
    }
    if (n % 64 === 63) process.stderr.write(`${((n + 1) * each).toLocaleString('en')} grants\n`);
  }
}

/** Each known device has one site. */
function siteOf(n: number): string {
  return `site-${(n % KNOWN) % SITES}`;
}

function device(n: number): DeviceAddress {
  const address = DeviceAddress.parse(deviceOf(n % KNOWN));
  if (address === undefined) throw new Error('no device address');
  return address;
}

interface Side {
  readonly store: Store;
  readonly redis: BenchRedis;
  /** How many operations there were. */
  done: number;
  /** Grants anywhere: the key and the field. */
  readonly places: Place[];
  /** Keys with a time to live, anywhere. */
  readonly ways: string[];
}

interface Place {
  readonly of: SiteKeys;
  readonly device: Buffer;
}

const sideOf = (store: Store, redis: BenchRedis): Side => ({ store, redis, done: 0, places: [], ways: [] });

type Operation = (side: Side, n: number) => unknown;

const granting =
  (now: number) =>
  ({ store }: Pick<Side, 'store'>, n: number) =>
    store.putGrant({
      ...{ site: siteOf(n), gateway: GATEWAY, device: device(n), termsVersion: '2026-11', language: 'de' },
      ...{ now: now + Math.floor(n / KNOWN), expiresAt: now + HOUR, withCredential: false },
    });

async function putKnown(store: Store, now: number): Promise<void> {
  for (let from = 0; from < KNOWN; from += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => granting(now)({ store }, from + i)));
  }
}

function operations(now: number): [string, Operation][] {
  const report = (n: number) => 1 + Math.floor(n / KNOWN);
  return [
    ['redis.get.million', ({ redis }, n) => redis.client.get(bareKey(n))],
    ['redis.set.million', ({ redis }, n) => redis.client.set(bareKey(n), n)],
    ['redis.hget.million', ({ redis, places }, n) => hget(redis.client, oneOf(places, n))],
    ['redis.ttl.million', ({ redis, ways }, n) => redis.client.hgetBuffer(oneOf(ways, n), 'site')],
    ['redis.asked.million', ({ redis, places }, n) => asFind(redis.client, siteOf(n), oneOf(places, n))],
    ['redis.find.million', ({ store }, n) => store.findGrant(siteOf(n), device(n), now)],
    ['redis.grant.million', granting(now)],
    [
      'redis.accounting.million',
      ({ store }, n) =>
        store.applyAccounting({
          ...{ kind: 'interim', gateway: GATEWAY, site: siteOf(n), sessionId: `5F1E2D3C0000${n % KNOWN}` },
          ...{ eventAt: now + report(n) * SECOND, receivedAt: now + report(n) * SECOND, seconds: report(n) },
          ...{ downloadOctets: report(n) * 1_000_000, uploadOctets: report(n) * 10_000 },
        }),
    ],
  ];
}

/** Rates, and beside them what the operation costs Redis, which others on the machine change less. */
async function inTurns(name: string, operation: Operation, few: Side, many: Side, seconds: number): Promise<Figure[]> {
  const rounds = Math.max(3, Math.round((seconds * SECOND) / SLICE_MS));
  const rates: number[] = [];
  const [ratios, costs]: [number[], number[]] = [[], []];
  for (let round = 0; round <= rounds; round++) {
    const [a, b] = [await slice(operation, few), await slice(operation, many)];
    if (round === 0) continue;
    rates.push(b.rate);
    ratios.push(b.rate / a.rate);
    costs.push(b.cost / a.cost);
  }
  const against = '10,000 grants';
  return [
    { name, value: median(rates), unit: '1/s', against, ratio: median(ratios) },
    { name: `${name}.redis`, value: median(costs), unit: 'x', against: 'processor time', ratio: median(costs) },
  ];
}

async function slice(operation: Operation, side: Side): Promise<{ readonly rate: number; readonly cost: number }> {
  const [begun, before] = [systemClock.monotonic(), millisecondsOf(side.redis.pid)];
  let count = 0;
  const worker = async () => {
    for (; systemClock.monotonic() - begun < SLICE_MS; count++) await operation(side, ++side.done * 7919);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  const rate = (count * SECOND) / (systemClock.monotonic() - begun);
  return { rate, cost: (millisecondsOf(side.redis.pid) - before) / count };
}

const bareKey = (n: number): string => `bare:${n % KNOWN}`;

async function bareKeys(client: Redis): Promise<void> {
  await Promise.all(Array.from({ length: KNOWN }, (_, n) => client.set(bareKey(n), n)));
}

/** Some of the grants of each share. */
async function somePlaces(client: Redis): Promise<Place[]> {
  const found = ALL_SHARES.map(async (share) => {
    const of = KEYS.siteShare(share);
    const devices = await client.hrandfieldBuffer(of.grants, Math.ceil(KNOWN / ALL_SHARES.length));
    return [devices].flat().flatMap((device): Place[] => (device instanceof Buffer ? [{ of, device }] : []));
  });
  return (await Promise.all(found)).flat();
}

async function someWays(client: Redis): Promise<string[]> {
  const any = await Promise.all(Array.from({ length: KNOWN }, () => client.randomkey()));
  return any.flatMap((key) => (key?.includes('{i:') ? [key] : []));
}

function oneOf<T>(many: readonly T[], n: number): T {
  const one = many[n % many.length];
  if (one === undefined) throw new Error('no grants');
  return one;
}

const hget = (client: Redis, { of, device }: Place): unknown => client.hgetBuffer(of.grants, device);

/** What `findGrant` asks, of any grant. */
function asFind(client: Redis, site: string, { of, device }: Place): Promise<unknown> {
  const keys = KEYS.site(site).pseudonymKeys(site);
  return Promise.all([client.hgetallBuffer(keys), client.hmget(of.grants, device), client.hmget(of.octets, device)]);
}

/** Looks for what is not there: each look moves an entry of a table that grows. */
const LOOK = `for i = 1, 20000 do
  if ARGV[1] == 'hash' then redis.call('HGET', KEYS[1], '') else redis.call('ZSCORE', KEYS[1], '') end
end`;

/** Waits until no table of the grants' keys, nor that of all keys, is half moved to a larger one. */
async function inOrder(client: Redis): Promise<void> {
  for (const share of ALL_SHARES) {
    const { grants, octets, byExpiry, bySite, byGateway } = KEYS.siteShare(share);
    for (const key of [grants, octets, byExpiry, bySite, byGateway]) {
      const type = key === grants || key === octets ? 'hash' : 'list';
      while (isMoving(await tableOf(client, key))) await client.eval(LOOK, 1, key, type);
    }
  }
  while (isMoving(await client.call('DEBUG', 'HTSTATS', 0))) {
    await Promise.all(Array.from({ length: AT_ONCE }, () => client.exists('')));
  }
}

/** What is small is kept in no table. */
function tableOf(client: Redis, key: string): Promise<unknown> {
  return client.call('DEBUG', 'HTSTATS-KEY', key).catch(() => '');
}

function isMoving(statistics: unknown): boolean {
  return String(statistics).includes('rehashing target');
}
