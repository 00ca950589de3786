import type { Redis } from 'ioredis';
import { DeviceAddress } from '../../core/mac';
import { HOUR, SECOND } from '../../core/time';
import { systemClock } from '../../runtime/clock';
import { systemRandom } from '../../runtime/random';
import { openRedisStore } from '../../store/redis/driver';
import { Keys } from '../../store/redis/keys';
import type { Store } from '../../store/store';
import { type Figure, median } from '../figure';
import { deviceOf } from '../radius/requests';
import { type BenchRedis, startBenchRedis } from './redis-server';

/**
 * What an operation costs with millions of grants beside what it costs with a few: two Redis, in turns. Neither writes to
 * a disk, so that what differs is the number of grants only.
 */

const SITES = 640;
const KNOWN = 10_000;
const IN_FLIGHT = 64;
const SLICE_MS = 500;
const AT_ONCE = 2_000;
const PREFIX = 'bench';
const GATEWAY = 'gw-platz';

/** As `putGrant` would leave them, with random pseudonyms: record, octets, three lists and the way from the id (which would have a time to live, too). */
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
    redis.call('HSET', '${PREFIX}:{i:' .. id .. '}', 'site', site, 'device', device)
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
    await Promise.all(stores.map((store) => putKnown(store, now)));
    const figures: Figure[] = [];
    for (const [name, operation] of operations(now)) figures.push(await inTurns(name, operation, few, many, seconds));
    return figures;
  } finally {
    await Promise.all(stores.map((store) => store.close()));
    for (const one of redis) await one.stop();
  }
}

const startVolatile = (): Promise<BenchRedis> => startBenchRedis(['appendonly no']);

function openOn(port: number): Promise<Store> {
  const place = { server: `127.0.0.1:${port}`, prefix: PREFIX, master: '', database: 0, replicas: 1 };
  const context = { townKey: 'bench-key-'.repeat(4), timeZone: 'Europe/Berlin', random: systemRandom };
  return openRedisStore({ ...place, durability: 'aof', allowVolatile: true }, context);
}

async function fill(client: Redis, grants: number): Promise<void> {
  const keys = new Keys(PREFIX);
  const now = systemClock.now();
  const each = Math.ceil(grants / SITES);
  for (let n = 0; n < SITES; n++) {
    const of = keys.site(siteOf(n));
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

type Operation = (store: Store, n: number) => unknown;

const granting =
  (now: number): Operation =>
  (store, n) =>
    store.putGrant({
      ...{ site: siteOf(n), gateway: GATEWAY, device: device(n), termsVersion: '2026-11', language: 'de' },
      ...{ now: now + Math.floor(n / KNOWN), expiresAt: now + HOUR, withCredential: false },
    });

async function putKnown(store: Store, now: number): Promise<void> {
  for (let from = 0; from < KNOWN; from += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => granting(now)(store, from + i)));
  }
}

function operations(now: number): [string, Operation][] {
  const report = (n: number) => 1 + Math.floor(n / KNOWN);
  return [
    ['redis.find.million', (store, n) => store.findGrant(siteOf(n), device(n), now)],
    ['redis.grant.million', granting(now)],
    [
      'redis.accounting.million',
      (store, n) =>
        store.applyAccounting({
          ...{ kind: 'interim', gateway: GATEWAY, site: siteOf(n), sessionId: `5F1E2D3C0000${n % KNOWN}` },
          ...{ eventAt: now + report(n) * SECOND, receivedAt: now + report(n) * SECOND, seconds: report(n) },
          ...{ downloadOctets: report(n) * 1_000_000, uploadOctets: report(n) * 10_000 },
        }),
    ],
  ];
}

async function inTurns(name: string, operation: Operation, few: Store, many: Store, seconds: number): Promise<Figure> {
  const counters = new Map<Store, number>();
  const measure = async (store: Store): Promise<number> => {
    const begun = systemClock.monotonic();
    let done = 0;
    const worker = async () => {
      for (; systemClock.monotonic() - begun < SLICE_MS; done++) {
        const n = (counters.get(store) ?? 0) + 1;
        counters.set(store, n);
        await operation(store, n * 7919);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
    return (done * SECOND) / (systemClock.monotonic() - begun);
  };
  const rounds = Math.max(3, Math.round((seconds * SECOND) / SLICE_MS));
  const [rates, ratios]: [number[], number[]] = [[], []];
  for (let round = 0; round <= rounds; round++) {
    const [a, b] = [await measure(few), await measure(many)];
    if (round === 0) continue;
    rates.push(b);
    ratios.push(b / a);
  }
  return { name, value: median(rates), unit: '1/s', against: '10,000 grants', ratio: median(ratios) };
}
