/** One measured figure, always beside a peer or a ceiling measured in the same run. */
export interface Figure {
  /** `radius.auth` */
  readonly name: string;
  readonly value: number;
  /** `1/s`, `ms`, `s`, `B` */
  readonly unit: string;
  /** What it is compared with: `node:dgram echo` */
  readonly against: string;
  /** value ÷ the peer's value */
  readonly ratio: number;
}

/**
 * A group of figures: `bench/<group>.ts` exports `run`.
 * @param wants  whether the figures whose names begin so are asked for; what costs minutes is left out otherwise
 */
export type Run = (seconds: number, wants: (name: string) => boolean) => Promise<readonly Figure[]>;

/** The middle value; rounds alternate between us and the peer, so that a noisy machine troubles both alike. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}
