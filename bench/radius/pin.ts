import { execFileSync, type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Servers share one core and the generator has another, so that neither takes the other's time. */
const SERVERS = '0';
const GENERATOR = '1';

const canPin = ((): boolean => {
  const tried: SpawnSyncReturns<Buffer> = spawnSync('taskset', ['-c', `${SERVERS},${GENERATOR}`, 'true']);
  return availableParallelism() > 1 && tried.status === 0;
})();

/** The command that runs a program on the servers' core; unpinned where that cannot be had. */
export function pinnedToServerCore(program: string, args: readonly string[]): [command: string, args: string[]] {
  return canPin ? ['taskset', ['-c', SERVERS, program, ...args]] : [program, [...args]];
}

/** From here on this process, which generates the load, keeps to its own core. */
export function pinGenerator(): void {
  if (canPin) execFileSync('taskset', ['-a', '-c', '-p', GENERATOR, String(process.pid)], { stdio: 'ignore' });
}
