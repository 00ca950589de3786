import { type Figure, median } from '../figure';
import type { Load, Verify } from './load';

export interface Served {
  readonly authenticationPort: number;
  readonly accountingPort: number;
}

/** Who is measured: a name, where it listens, and how its answers are checked. */
export interface Contender {
  readonly name: string;
  readonly port: number;
  readonly verify: Verify;
}

const SLICE_MS = 500;
const MIN_ROUNDS = 3;
/** Until then V8 still compiles, in our servers as in the echo. */
const WARM_UP_ROUNDS = 6;
/** A look that is shorter shows that everything works, no more. */
const SERIOUS_MS = 1_000;
/** Enough requests for the first slice of anybody. */
const FIRST_REQUESTS = 2_000;

/** Makes requests that nobody has seen yet. */
export type Make = (count: number) => readonly Buffer[];

/**
 * Slices of at most half a second in turns, so that a noisy machine troubles all alike. The first rounds warm up: servers run
 * for months.
 * @returns for each contender its answers per second, round by round
 */
export async function inTurns(
  load: Load,
  contenders: readonly Contender[],
  make: Make,
  seconds: number,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const sliceMs = Math.min(SLICE_MS, (seconds * 1000) / MIN_ROUNDS);
  const rounds = Math.max(MIN_ROUNDS, Math.round((seconds * 1000) / sliceMs));
  const warmUp = seconds * 1000 < SERIOUS_MS ? 1 : WARM_UP_ROUNDS;
  const rates = new Map(contenders.map(({ name }) => [name, [] as number[]]));
  const likely = new Map<string, number>();
  for (let round = 0; round < warmUp + rounds; round++) {
    for (const { name, port, verify } of contenders) {
      const requests = make(Math.ceil(likely.get(name) ?? FIRST_REQUESTS));
      const rate = await load.slice(requests, sliceMs, port, verify).catch((cause: unknown) => {
        throw new Error(`${name}: ${cause instanceof Error ? cause.message : cause}`, { cause });
      });
      likely.set(name, (rate * sliceMs * 1.5) / 1000);
      if (round >= warmUp) rates.get(name)?.push(rate);
    }
  }
  return rates;
}

/** The rate of one contender beside each of the others: the median of the ratios within a round. */
export function ratios(name: string, ours: string, rates: ReadonlyMap<string, readonly number[]>): Figure[] {
  const mine = rates.get(ours) ?? [];
  return [...rates]
    .filter(([peer]) => peer !== ours)
    .map(([against, theirs]) => {
      const ratio = median(mine.map((rate, round) => rate / (theirs[round] ?? Number.NaN)));
      return { name, value: median(mine), unit: '1/s', against, ratio };
    });
}
