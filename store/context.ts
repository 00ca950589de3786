import type { Random } from '../runtime/random';

/** What every driver needs besides its place. The time is an argument of each operation. */
export interface StoreContext {
  /** The configuration's `key`. */
  readonly townKey: string;
  readonly timeZone: string;
  readonly random: Random;
}
