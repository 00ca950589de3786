import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { Config } from '../../config/schema';
import { errnoOf, OperatorError } from '../../core/errors';
import { SECOND } from '../../core/time';
import { systemClock } from '../../runtime/clock';
import { systemRandom } from '../../runtime/random';
import type { Client } from './engine';
import { redisFault } from './faults';

export type RedisPlace = NonNullable<Config['store']['redis']>;

/** How long the start waits for Redis. */
const START_MS = 5 * SECOND;
/** Nobody waits longer for one command, whatever hangs. */
const COMMAND_MS = 3 * SECOND;
const CONNECT_MS = 2 * SECOND;

/** Tries again for ever, at most a second apart. */
const retry = (times: number): number => Math.min(50 * times, SECOND);

/**
 * Connects in the way that the configuration names.
 * @throws OperatorError in one sentence if that fails
 */
export async function connect(place: RedisPlace): Promise<Client> {
  const client = clientFor(place);
  let last: unknown;
  // ioredis tells most faults here only; once it runs, the operations that fail tell them.
  client.on('error', (error: unknown) => {
    last = error;
  });
  let cancel = (): void => {};
  const tooLong = new Promise<never>((_, reject) => {
    cancel = systemClock.after(START_MS, () => reject(last ?? new Error('connection timed out')));
  });
  try {
    await Promise.race([client.connect(), tooLong]);
    if (client instanceof Cluster) followSlots(client);
    return client;
  } catch (error) {
    client.disconnect();
    throw redisFault(isSilent(last ?? error) && place.tls !== undefined ? new Error(NO_TLS) : (last ?? error));
  } finally {
    cancel();
  }
}

/** A server that speaks no TLS waits for the end of what it takes for a command. */
const NO_TLS = 'the TLS handshake is not answered';

function isSilent(error: unknown): boolean {
  return errnoOf(error) === 'ETIMEDOUT';
}

/** Replies come in the form that they have had since ever. */
type ConnectionSettings = Omit<RedisOptions, 'replyMapping'>;

/** What the names of all connections of a town begin with; each process has one of its own. */
export function nameOfTown({ prefix, database }: RedisPlace): string {
  return `stadtfunk:${prefix}:${database}`;
}

function clientFor(place: RedisPlace): Client {
  const { server, socket, sentinels = [], master, sentinelUsername, sentinelPassword, cluster, database } = place;
  const tls = tlsOptions(place);
  const common: ConnectionSettings = {
    ...credentials(place),
    ...(tls !== undefined && { tls }),
    connectionName: `${nameOfTown(place)}:${systemRandom.word()}`,
    lazyConnect: true,
    protocol: 2,
    disableClientInfo: true,
    connectTimeout: CONNECT_MS,
    commandTimeout: COMMAND_MS,
    enableAutoPipelining: true,
    // A command whose answer was lost may have been carried out; whoever asked is told, and knows what to do.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 1,
  };
  if (cluster !== undefined) return clusterFor(cluster, common);
  const single = { ...common, db: database, retryStrategy: retry };
  if (socket !== undefined) return new Redis({ ...single, path: socket });
  if (server !== undefined) return new Redis({ ...single, ...address(server) });
  return new Redis({
    ...single,
    sentinels: sentinels.map(address),
    name: master,
    sentinelRetryStrategy: retry,
    ...(sentinelUsername !== undefined && { sentinelUsername }),
    ...(sentinelPassword !== undefined && { sentinelPassword: sentinelPassword.reveal() }),
    ...(tls !== undefined && { sentinelTLS: tls, enableTLSForSentinelMode: true }),
  });
}

function clusterFor(servers: readonly string[], common: ConnectionSettings): Cluster {
  return new Cluster(servers.map(address), {
    redisOptions: common,
    lazyConnect: true,
    enableAutoPipelining: true,
    clusterRetryStrategy: retry,
    // As above: a command whose answer was lost is not sent again by itself.
    retryDelayOnFailover: 0,
    maxRedirections: 5,
    slotsRefreshTimeout: CONNECT_MS,
    // The client's own timer may go on after the end and keep the process alive; ours is below.
    slotsRefreshInterval: 0,
    // Certificates name hosts, and the servers call one another by them then.
    ...(common.tls !== undefined && { dnsLookup: (host, found) => found(null, host) }),
  });
}

/** How often the cluster is asked who serves what; it costs a server next to nothing. */
const FOLLOW_MS = SECOND / 4;

/** A replica that took over is known at once, also when its master hangs and says nothing. */
function followSlots(cluster: Cluster): void {
  const cancel = systemClock.every(FOLLOW_MS, () => {
    if (cluster.status === 'ready') cluster.refreshSlotsCache();
  });
  cluster.once('end', cancel);
}

function credentials({ username, password }: RedisPlace): Pick<RedisOptions, 'username' | 'password'> {
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password: password.reveal() }),
  };
}

function tlsOptions({ tls }: RedisPlace): ConnectionOptions | undefined {
  if (tls === undefined) return undefined;
  const { authority, certificate, key, serverName } = tls;
  return {
    ...(authority !== undefined && { ca: pem(authority) }),
    ...(certificate !== undefined && { cert: pem(certificate) }),
    ...(key !== undefined && { key: pem(key) }),
    ...(serverName !== undefined && { servername: serverName }),
  };
}

function pem(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new OperatorError(
      'STORE_TLS',
      `The file ${file} of store.redis.tls cannot be read.`,
      'Give its right path, and see that this user may read it.',
      { cause },
    );
  }
}

/** `redis.example:6379`, `[::1]:6379`. */
function address(text: string): { host: string; port: number } {
  const end = text.lastIndexOf(':');
  return { host: text.slice(0, end).replace(/^\[|\]$/g, ''), port: Number(text.slice(end + 1)) };
}
