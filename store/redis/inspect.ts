import { Cluster, type Redis } from 'ioredis';
import { OperatorError } from '../../core/errors';
import type { RedisPlace } from './connect';
import { answered, byDisk, byReplicas, Confirmed, type Durability } from './durability';
import type { Client } from './engine';
import { redisFault } from './faults';

/** ZADD GT came with 6.2, WAITAOF with 7.2. */
const OLDEST = [6, 2] as const;
const OLDEST_WITH_WAITAOF = [7, 2] as const;

/** What a server says of itself. Undefined where its user may not ask. */
interface Server {
  readonly version: readonly number[];
  readonly isCluster: boolean;
  readonly writesFile: boolean;
  readonly fsync: string | undefined;
  readonly evicts: boolean;
}

/**
 * Looks whether the servers keep what they are given, and how that is confirmed.
 * @param warn  hears what is allowed and loses something all the same
 * @throws OperatorError if they do not, or are too old
 */
export async function inspect(redis: Client, place: RedisPlace, warn: (message: string) => void): Promise<Durability> {
  const nodes = redis instanceof Cluster ? redis.nodes('master') : [redis];
  const servers = await Promise.all(nodes.map(look)).catch((error: unknown) => {
    throw redisFault(error);
  });
  for (const server of servers) refuse(server, place);
  for (const message of new Set(servers.flatMap((server) => losses(server, place)))) warn(message);
  if (place.durability === 'waitaof') return new Confirmed(byDisk());
  return place.durability === 'replicas' ? new Confirmed(byReplicas(place.replicas)) : answered;
}

async function look(redis: Redis): Promise<Server> {
  const info = await redis.info();
  const field = (name: string): string => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  const setting = async (name: string): Promise<string | undefined> => {
    const found = await redis.config('GET', name).catch(() => undefined);
    return Array.isArray(found) ? String(found[1]) : undefined;
  };
  return {
    version: field('redis_version').split('.').map(Number),
    isCluster: field('cluster_enabled') === '1',
    writesFile: field('aof_enabled') === '1',
    fsync: await setting('appendfsync'),
    evicts: field('maxmemory') !== '0' && field('maxmemory_policy') !== 'noeviction',
  };
}

function refuse(server: Server, place: RedisPlace): void {
  const version = server.version.join('.');
  if (isOlder(server.version, OLDEST)) {
    throw new OperatorError('STORE_TOO_OLD', `Redis ${version} is too old.`, 'Use Redis 6.2 or newer, or Valkey.');
  }
  if (server.isCluster && place.cluster === undefined) throw redisFault(new Error('CROSSSLOT'));
  if (place.durability === 'waitaof' && isOlder(server.version, OLDEST_WITH_WAITAOF)) {
    throw new OperatorError(
      'STORE_TOO_OLD',
      `Redis ${version} does not know WAITAOF.`,
      'Use Redis 7.2 or newer, or set store.redis.durability: aof (with appendfsync always) or replicas.',
    );
  }
  if (place.allowVolatile) return;
  if (!server.writesFile) {
    throw new OperatorError(
      'STORE_VOLATILE',
      'Redis keeps everything in memory only: it has no append-only file.',
      'Set appendonly yes and appendfsync always in redis.conf; or, to lose everything at its next start, store.redis.allowVolatile: true.',
    );
  }
  if (server.evicts) {
    throw new OperatorError(
      'STORE_EVICTS',
      'Redis throws away records when its memory is full (maxmemory-policy).',
      'Set maxmemory-policy noeviction in redis.conf; or, to lose them, store.redis.allowVolatile: true.',
    );
  }
}

function isOlder(version: readonly number[], [major, minor]: readonly [number, number]): boolean {
  const [ours = 0, ourMinor = 0] = version;
  return ours < major || (ours === major && ourMinor < minor);
}

/** What may be lost although everything is as configured. */
function losses({ writesFile, fsync }: Server, { durability, allowVolatile }: RedisPlace): string[] {
  if (!writesFile && allowVolatile) return ['Redis keeps everything in memory only; its next start loses all of it.'];
  if (durability !== 'aof' || fsync === 'always') return [];
  if (fsync === undefined) {
    return ['Whether Redis writes to its disk at once cannot be seen: its user may not ask (CONFIG GET appendfsync).'];
  }
  const most = fsync === 'everysec' ? 'a second' : 'half a minute';
  return [`Redis runs with appendfsync ${fsync}: a power cut loses up to ${most} of what was acknowledged.`];
}
