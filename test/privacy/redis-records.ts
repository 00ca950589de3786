import { Redis } from 'ioredis';
import type { RecordName } from '../../core/records';
import { ADDED } from '../../store/redis/feedback';
import { LAST_WORD } from '../../store/redis/health';
import { type LyingRecord, leaves } from './driver';

/** What lies under which name behind the hash tag; the first that fits. `as`: where the leaves of a value stand. */
const TABLES: readonly (readonly [
  name: RegExp,
  of: RecordName,
  as?: { readonly key?: string; readonly value?: string },
])[] = [
  [/^\{town\}:meta$/, 'mark'],
  [/^\{town\}:exams$/, 'exam', { key: 'site' }],
  [/^\{town\}:feedback$/, 'feedback', { key: 'reference' }],
  [/^\{town\}:maintenance$/, 'maintenance', { key: 'id' }],
  [/^\{town\}:leases$/, 'shared-work', { key: 'work' }],
  [/^\{town\}:unwatched$/, 'unwatched', { key: 'from', value: 'to' }],
  [/^\{s\d+\}:grants$/, 'grant', { key: 'device' }],
  [/^\{s\d+\}:octets$/, 'grant', { key: 'device', value: 'usedOctets' }],
  [/^\{s\d+\}:grants-by-|^\{s\d+\}:credits:|^\{i:/, 'grant'],
  [/^\{[co]:/, 'credential'],
  [/^\{s\d+\}:day-use$/, 'day-use', { key: 'device' }],
  [/^\{s\d+\}:day-use-by-day$/, 'day-use'],
  [/^\{s\d+\}:acceptances/, 'acceptance-count'],
  [/^\{s\d+\}:keys:/, 'pseudonym-key', { key: 'day', value: 'key' }],
  [/^\{s\d+\}:key-expiry$/, 'pseudonym-key'],
  [/^\{g\d+\}:sessions$/, 'session'],
  // Sites and numbers only.
  [/^\{g\d+\}:running-count$|^\{s\d+\}:usage-shares:/, 'mark'],
  [/^\{g\d+\}:(running|ended)/, 'session'],
  [/^\{g\d+\}:orders$/, 'end-order'],
  [/^\{g\d+\}:orders-/, 'end-order'],
  [/^\{g\d+\}:usage/, 'usage-total'],
  [/^\{g\d+\}:waiting:/, 'waiting-visitor'],
  [/^\{h\d+\}:health$/, 'health', { key: 'ap', value: 'health' }],
  [/^\{h\d+\}:first-seen$/, 'health', { key: 'ap', value: 'firstSeenAt' }],
  [/^\{h\d+\}:outages:/, 'outage', { key: 'from' }],
  [/^\{h\d+\}:(lasting|closed)$/, 'outage'],
];

/** Everything that lies in a Redis under a prefix but what Redis itself is about to remove. */
export async function redisRecords(port: number, prefix: string): Promise<readonly LyingRecord[]> {
  const redis = new Redis({ host: '127.0.0.1', port });
  try {
    const records: LyingRecord[] = [];
    for (const key of await redis.keys(`${prefix}:*`)) {
      const left = await redis.pttl(key);
      records.push(...(await recordsUnder(redis, key, key.slice(prefix.length + 1))).map((one) => ({ ...one, left })));
    }
    return records;
  } finally {
    redis.disconnect();
  }
}

async function recordsUnder(redis: Redis, key: string, name: string): Promise<LyingRecord[]> {
  const [, of, as = {}] = TABLES.find(([pattern]) => pattern.test(name)) ?? [];
  if (of === undefined) throw new Error(`nobody declared what lies under ${name}`);
  // Sorted sets and sets hold the names of what lies elsewhere.
  if ((await redis.type(key)) !== 'hash') return [{ of, fields: [] }];
  const flat: unknown = await redis.callBuffer('HGETALL', key);
  const octets = Array.isArray(flat) ? flat.filter((one): one is Buffer => Buffer.isBuffer(one)) : [];
  return octets.flatMap((field, i): LyingRecord[] => {
    const value = octets[i + 1];
    if (i % 2 === 1 || value === undefined) return [];
    const word = field.toString();
    if (word === ADDED || word === LAST_WORD) return [{ of: 'mark', fields: [] }];
    const named = as.key === undefined ? [] : [[as.key, as.key === 'device' ? field : word] as const];
    return [{ of, fields: [...named, ...valueLeaves(value, as.value ?? (name === '{town}:meta' ? word : ''))] }];
  });
}

/** A value is JSON, or a number, or octets, which may begin like JSON. */
function valueLeaves(value: Buffer, path: string): LyingRecord['fields'] {
  try {
    const parsed: unknown = JSON.parse(value.toString());
    if (typeof parsed === 'object') return leaves(parsed, path);
  } catch {
    // Octets, or a word.
  }
  return path === '' ? [] : [[path, path === 'key' ? value : value.toString()]];
}
