import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RedisPlace } from '../../store/redis/connect';
import { findProgram } from './packages';
import { freeTcpPort } from './ports';
import { type RunningProcess, startProgram } from './process';
import { until } from './wait';

/** How long a server may take to be there on a machine that is busy. */
const PATIENCE_MS = 60_000;

export interface RedisServer {
  readonly port: number;
  readonly folder: string;
  /** The one that runs now. */
  readonly process: RunningProcess;
  /** What redis-cli says to a command. */
  cli(...command: string[]): string;
  /** Starts it anew, in the same folder and at the same port, when it has ended. */
  restart(): Promise<void>;
  end(): Promise<void>;
}

/** Starts Debian's redis-server on loopback, in a folder of its own. @param lines  of redis.conf */
export async function startRedis(lines: readonly string[] = [], args: readonly string[] = []): Promise<RedisServer> {
  // In memory where there is such a place: what these tests are about is no disk, and waiting for it disturbs others.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'stadtfunk-redis-'));
  const port = await freeTcpPort();
  const file = join(folder, 'redis.conf');
  writeFileSync(file, [`dir ${folder}`, 'bind 127.0.0.1', `port ${port}`, 'save ""', ...lines, ''].join('\n'));
  const start = () => startProgram('redis-server', [file, ...args]);
  let process = start();
  const cli = (...command: string[]) =>
    execFileSync(findProgram('redis-cli') ?? 'redis-cli', ['-p', `${port}`, ...command], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  const end = async (): Promise<void> => {
    await process.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  const isThere = () => until('redis-server listens', () => answers(cli) || diedOf(process), PATIENCE_MS);
  await isThere();
  const restart = async (): Promise<void> => {
    process = start();
    await isThere();
  };
  return {
    get process() {
      return process;
    },
    ...{ port, folder, cli, restart, end },
  };
}

function answers(cli: (...command: string[]) => string): boolean {
  try {
    return /PONG|NOAUTH|NOPERM/.test(cli('ping'));
  } catch {
    return false;
  }
}

function diedOf(process: RunningProcess): boolean {
  if (process.exitCode() !== undefined) throw new Error(`redis-server ended: ${process.output()}`);
  return false;
}

/** Three masters, the first ones, and replicas of each, all slots covered. */
export async function startCluster(lines: readonly string[] = [], replicasEach = 1): Promise<readonly RedisServer[]> {
  const conf = ['cluster-enabled yes', 'cluster-node-timeout 5000', 'repl-diskless-sync-delay 0', ...lines];
  const servers = await Promise.all(Array.from({ length: 3 + 3 * replicasEach }, () => startRedis(conf)));
  const addresses = servers.map(({ port }) => `127.0.0.1:${port}`);
  servers[0]?.cli('--cluster', 'create', ...addresses, '--cluster-replicas', `${replicasEach}`, '--cluster-yes');
  const isWhole = ({ cli }: RedisServer): boolean => {
    const isReplica = cli('role').startsWith('slave');
    return cli('cluster', 'info').includes('cluster_state:ok') && (!isReplica || /\bconnected\b/.test(cli('role')));
  };
  await until('every server knows the whole cluster', () => servers.every(isWhole), PATIENCE_MS);
  return servers;
}

/** A Sentinel that watches a master under the name `town`. */
export async function startSentinel(master: RedisServer): Promise<RedisServer> {
  const watch = [`sentinel monitor town 127.0.0.1 ${master.port} 1`, 'sentinel down-after-milliseconds town 2000'];
  return startRedis(watch, ['--sentinel']);
}

/** What the configuration says of Redis, with its defaults. */
export function redisPlace(place: Partial<RedisPlace>): RedisPlace {
  return {
    master: 'mymaster',
    database: 0,
    prefix: 'stadtfunk',
    durability: 'aof',
    replicas: 1,
    allowVolatile: false,
    ...place,
  };
}
