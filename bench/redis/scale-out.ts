import { readdirSync, readFileSync } from 'node:fs';
import { type Figure, median } from '../figure';
import type { Load, Verify } from '../radius/load';
import type { Make } from '../radius/rounds';

/** What one or two servers are asked, and by which processes the answers are made. */
export interface Work {
  readonly name: string;
  /** For each of the servers. */
  readonly makes: readonly [one: Make, other: Make];
  readonly verify: Verify;
  /** Ports of the servers. */
  readonly ports: readonly [one: number, other: number];
  /** Those of the servers, then that of Redis. */
  readonly pids: readonly [one: number, other: number, redis: number];
}

const SLICE_MS = 500;
/** Whole sessions, for one server and for each of two. */
const REQUESTS = 3_072;
const WARM_UP = 20;

/**
 * By how much two processes are more than one. Generator and servers have two cores together, so rates cannot tell; but
 * processor time can: what an answer costs altogether, Redis included, when one process makes all of them, and when two
 * share them at the same time. Twice the cores give twice the rate times that ratio, as long as Redis, which has one
 * thread, is not the limit: its share is told beside.
 */
export async function scaleOut(loads: readonly [Load, Load], work: Work, seconds: number): Promise<Figure[]> {
  const { name, makes, verify, ports, pids } = work;
  const run = async (servers: 1 | 2) => {
    const before = pids.map(millisecondsOf);
    const answered = await Promise.all(
      loads.slice(0, servers).map(async (load, i) => {
        const requests = makes[i]?.(REQUESTS / servers) ?? [];
        const begun = performance.now();
        const rate = await load.slice(requests, 20 * SLICE_MS, ports[i] ?? 0, verify);
        return (rate * (performance.now() - begun)) / 1_000;
      }),
    );
    const count = answered.reduce((sum, one) => sum + one, 0);
    const spent = pids.map((pid, i) => millisecondsOf(pid) - (before[i] ?? 0));
    const all = spent.reduce((sum, one) => sum + one, 0);
    return { each: all / count, redis: (spent[2] ?? 0) / all };
  };
  // Each server has to have met every device, and the compiler the way of a request.
  for (let round = 0; round < WARM_UP; round++) await run(2);
  const rounds = Math.max(3, Math.round((seconds * 1_000) / SLICE_MS));
  const [ratios, shares]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const [one, two] = [await run(1), await run(2)];
    ratios.push((2 * one.each) / two.each);
    shares.push(two.redis);
  }
  return [
    { name, value: median(ratios), unit: 'x', against: 'one process', ratio: median(ratios) },
    { name: `${name}.redis`, value: median(shares), unit: '', against: 'all processor time', ratio: median(shares) },
  ];
}

/** Processor time of all threads of a process so far. */
export function millisecondsOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const spent = threads.map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  );
  return spent.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1e6;
}
