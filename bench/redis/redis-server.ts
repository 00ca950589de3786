import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freeTcpPort } from '../../test/support/ports';
import { pinnedToServerCore } from '../radius/pin';

const PROGRAM = '/usr/bin/redis-server';

export function hasRedis(): boolean {
  return existsSync(PROGRAM);
}

export interface BenchRedis {
  readonly port: number;
  readonly pid: number;
  /** A connection for the bench's own questions. */
  readonly client: Redis;
  stop(): Promise<void>;
}

/** Redis on the servers' core, in a folder on a disk; every write is on it before the answer, unless `lines` say otherwise. */
export async function startBenchRedis(lines = ['appendonly yes', 'appendfsync always']): Promise<BenchRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'stadtfunk-bench-redis-'));
  const port = await freeTcpPort();
  const conf = join(folder, 'redis.conf');
  await writeFile(conf, [`dir ${folder}`, 'bind 127.0.0.1', `port ${port}`, 'save ""', ...lines, ''].join('\n'));
  const [command, args] = pinnedToServerCore(PROGRAM, [conf]);
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const client = new Redis({ host: '127.0.0.1', port, maxRetriesPerRequest: null });
  client.on('error', () => {});
  await client.ping();
  const stop = async () => {
    client.disconnect();
    child.kill('SIGKILL');
    await once(child, 'exit');
    await rm(folder, { recursive: true });
  };
  return { port, pid: child.pid ?? 0, client, stop };
}
